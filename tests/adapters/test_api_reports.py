"""Reports over HTTP: uploads with progress, names that try to be paths, pages as pictures, jobs after a restart."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from assistant.adapters.api.app import create_app
from assistant.adapters.api.jobs import Jobs, safe_name
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from fakes.serving import serving

NOTE = "# Cloud note\n\nDate: 2 March 2026\n\nThe segment margin of cloud was 31%.\n"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    settings = Settings(ASSISTANT_UPLOAD_LIMIT=1)
    with (
        closing(open_assistant(settings)) as assistant,
        serving(create_app(assistant, settings)) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def upload(client: httpx.Client, *files: tuple[str, bytes], **query: Any) -> httpx.Response:
    return client.post("/v1/reports", files=[("files", file) for file in files], params=query)


def pdf(*lines: str) -> bytes:
    data = BytesIO()
    page = canvas.Canvas(data)
    for number, line in enumerate(lines):
        page.drawString(72, 720 - 40 * number, line)
    page.save()
    return data.getvalue()


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job when it is done."""
    while (job := client.get(f"/v1/jobs/{job_id}").raise_for_status().json())["status"] in ("queued", "working"):
        time.sleep(0.02)
    return dict(job)


def test_an_uploaded_report_is_listed_read_and_taken_out(client: httpx.Client) -> None:
    told = upload(client, ("note.md", NOTE.encode()))
    [outcome] = told.json()["files"]
    assert told.status_code == 201 and (outcome["source"], outcome["status"]) == ("note.md", "added")
    [listed] = client.get("/v1/reports").json()["reports"]
    assert listed["report_id"] == outcome["report_id"] and listed["date"] == "2026-03-02"
    about = client.get(f"/v1/reports/{listed['report_id'][:6]}").json()
    assert about["characters"] == len(NOTE) and about["title"] == "Cloud note"
    assert client.get(f"/v1/reports/{listed['report_id']}/text").text == NOTE
    assert upload(client, ("again.md", NOTE.encode())).status_code == 200
    assert client.delete(f"/v1/reports/{listed['report_id']}").status_code == 204
    assert client.get("/v1/reports").json() == {"reports": []}
    assert client.delete(f"/v1/reports/{listed['report_id']}").status_code == 404


def test_an_upload_can_be_watched(client: httpx.Client) -> None:
    files = [(f"note{i}.md", NOTE.replace("31", str(i)).encode()) for i in range(3)]
    told = upload(client, *files, ("broken.pdf", b"%PDF-1.4 nothing"), wait=0)
    assert told.status_code in (201, 202) and told.json()["total"] == 4
    job = finished(client, told.headers["location"].rpartition("/")[2])
    assert (job["status"], job["done"]) == ("done", 4)
    assert [file["status"] for file in job["files"]] == ["added"] * 3 + ["failed"]
    assert client.get("/v1/jobs/none").status_code == 404


@pytest.mark.parametrize(
    ("files", "status", "told"),
    [
        ([("virus.exe", b"MZ")], 415, "virus.exe: not a report format"),
        ([("broken.pdf", b"%PDF-1.4 nothing")], 422, "broken.pdf"),
        ([("big.txt", b"x" * (2 << 20))], 413, "1 MB"),
        ([], 422, "no file"),
    ],
)
def test_what_is_no_report_is_refused(
    client: httpx.Client, files: list[tuple[str, bytes]], status: int, told: str
) -> None:
    refused = upload(client, *files)
    assert refused.status_code == refused.json()["status"] == status and told in refused.json()["detail"]
    assert client.get("/v1/reports").json() == {"reports": []}


def test_a_body_that_does_not_tell_its_length_is_bounded_too(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"question": "'
        for _ in range(100):
            yield b"x" * (1 << 18)

    refused = client.post("/v1/ask", content=endless(), headers={"Content-Type": "application/json"})
    assert refused.status_code == 413 and refused.json()["detail"] == "a request to this address may have 4 MB"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd.md", "passwd.md"),
        ("..\\..\\secret.md", "secret.md"),
        ("/etc/cron.d/x.md", "x.md"),
        (".hidden.md", "hidden.md"),
        ("研报 2026.md", "研报 2026.md"),
        ("a\x1b[31m\nb.md", "a[31mb.md"),
        ("..", "report"),
        ("x" * 500 + ".md", "x" * 120 + ".md"),
    ],
)
def test_a_file_name_is_no_path(given: str, kept: str, client: httpx.Client) -> None:
    assert safe_name(given) == kept
    if kept.endswith(".md"):
        assert upload(client, (given, NOTE.encode())).json()["files"][0]["source"].endswith(".md")
        home = Path(Settings().home_folder)
        assert {path.parts[len(home.parts)] for path in home.rglob("*.md")} <= {"uploads"}


def test_a_page_is_shown_with_the_quote_marked(client: httpx.Client) -> None:
    made = upload(client, ("paper.pdf", pdf("Cloud margin was 31 percent", "Games margin was 24 percent"))).json()
    report_id = made["files"][0]["report_id"]
    text = client.get(f"/v1/reports/{report_id}/text").text
    start = text.index("24 percent")
    page = f"/v1/reports/{report_id}/pages/1.png"
    plain, marked = client.get(page), client.get(page, params={"start": start, "end": start + 10})
    assert plain.headers["content-type"] == "image/png" and plain.content != marked.content
    assert Image.open(BytesIO(marked.content)).size == Image.open(BytesIO(plain.content)).size
    for number, query, status in (
        (2, {}, 404),
        (0, {}, 404),
        (1, {"start": 5}, 422),
        (1, {"start": 9, "end": 5}, 422),
        (1, {"start": 10**6, "end": 10**6 + 1}, 422),
    ):
        assert client.get(f"/v1/reports/{report_id}/pages/{number}.png", params=query).status_code == status


def test_what_was_uploaded_before_a_restart_comes_in_after_it() -> None:
    settings = Settings()
    with closing(open_assistant(settings)) as assistant:
        jobs = Jobs(assistant, settings.home_folder / "uploads", lambda status: None)
        left = jobs.add([("note.md", BytesIO(NOTE.encode()))])  # it stops before it has begun
        (settings.home_folder / "uploads" / "0000000000000-cut.part").mkdir()
        app = create_app(assistant, settings)
        with serving(app) as address, httpx.Client(base_url=address) as client:
            assert finished(client, left.job_id)["files"][0]["status"] == "added"
            assert [report["source"] for report in client.get("/v1/reports").json()["reports"]] == ["note.md"]
        assert {path.name for path in (settings.home_folder / "uploads").rglob("*")} == {"job.json", left.job_id}
        with serving(create_app(assistant, settings)) as address:
            told = httpx.get(f"{address}/v1/jobs/{left.job_id}").json()
            assert told["status"] == "done" and told["files"][0]["source"] == "note.md"


def test_an_upload_takes_no_other_files_place(tmp_path: Path, client: httpx.Client) -> None:
    """Two reports of the same name stay two reports."""
    for number in (1, 2):
        assert upload(client, ("note.md", NOTE.replace("31", str(number)).encode())).status_code == 201
    assert len(client.get("/v1/reports").json()["reports"]) == 2


def test_questions_searches_and_uploads_go_on_together(client: httpx.Client) -> None:
    upload(client, ("first.md", NOTE.encode()))

    def ask(number: int) -> str:
        return str(client.post("/v1/ask", json={"question": "What is the segment margin of cloud?"}).json()["text"])

    def search(number: int) -> str:
        return json.dumps(client.post("/v1/search", json={"query": "margin", "k": 1}).json()["passages"][0]["text"])

    def add(number: int) -> str:
        text = f"# Note {number}\n\nThe harvest of field {number} was {number} tonnes.\n"
        return str(upload(client, (f"n{number}.md", text.encode()), wait=60).json()["files"][0]["status"])

    with ThreadPoolExecutor(12) as pool:
        made = [(work, pool.submit(work, number)) for number in range(10) for work in (ask, search, add)]
        for work, result in made:
            expected = {ask: "31%", search: "margin", add: "added"}[work]
            assert expected in result.result()
    assert len(client.get("/v1/reports").json()["reports"]) == 11
