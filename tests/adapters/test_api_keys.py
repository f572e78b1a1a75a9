"""Who may do what over HTTP: keys, roles, limits, other sites' pages, and binds that anyone could reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.adapters.api.app import create_app
from assistant.adapters.api.keys import check_bind, parse
from assistant.adapters.cli import main
from assistant.bootstrap import open_assistant
from assistant.errors import SettingsError
from assistant.settings import Settings
from fakes.serving import serving

Serve = Callable[..., httpx.Client]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A server with settings of a test, as a client of it."""
    with ExitStack() as stack:

        def started(**settings: Any) -> httpx.Client:
            chosen = Settings(ASSISTANT_HOME=tmp_path / "home", **settings)
            assistant = stack.enter_context(closing(open_assistant(chosen)))
            address = stack.enter_context(serving(create_app(assistant, chosen)))
            return stack.enter_context(httpx.Client(base_url=address, timeout=30))

        yield started


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_is_asked_for_wherever_there_is_something_to_know(serve: Serve) -> None:
    client = serve(ASSISTANT_API_KEYS="desk-key-1")
    for method, path in (("GET", "/v1/reports"), ("POST", "/v1/ask"), ("GET", "/metrics"), ("GET", "/v1/nowhere")):
        for headers in ({}, bearer("desk-key-2"), {"Authorization": "Basic desk-key-1"}):
            refused = client.request(method, path, headers=headers)
            assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
    assert client.get("/v1/reports", headers=bearer("desk-key-1")).status_code == 200
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_who_may_only_read_changes_nothing(serve: Serve) -> None:
    client = serve(ASSISTANT_API_KEYS="reader:read:reading-key,writer:write:writing-key")
    file = {"file": ("note.md", b"# Cloud note\n\nThe margin was 31%.\n")}
    assert client.post("/v1/reports", files=file, headers=bearer("reading-key")).status_code == 403
    added = client.post("/v1/reports", files=file, headers=bearer("writing-key")).json()["files"][0]["report_id"]
    assert client.delete(f"/v1/reports/{added}", headers=bearer("reading-key")).status_code == 403
    assert client.post("/v1/search", json={"query": "margin"}, headers=bearer("reading-key")).json()["passages"]
    assert client.delete(f"/v1/reports/{added}", headers=bearer("writing-key")).status_code == 204


def test_a_conversation_is_its_owners(serve: Serve) -> None:
    client = serve(ASSISTANT_API_KEYS="one:read:first-key,two:read:second-key")
    asked = {"question": "What is the margin?"}
    own = client.post("/v1/ask", json=asked, headers=bearer("first-key")).json()["conversation_id"]
    again = asked | {"conversation_id": own}
    assert client.post("/v1/ask", json=again, headers=bearer("second-key")).status_code == 404
    assert client.post("/v1/ask", json=again, headers=bearer("first-key")).status_code == 200


def test_too_many_requests_are_told_when_to_come_back(serve: Serve) -> None:
    client = serve(ASSISTANT_API_KEYS="slow:read:slow-key-1:2/min,fast:read:fast-key-1")
    answers = [client.get("/v1/reports", headers=bearer("slow-key-1")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 61
    assert client.get("/v1/reports", headers=bearer("fast-key-1")).status_code == 200


def test_without_keys_only_this_machine_is_answered(serve: Serve) -> None:
    client = serve()
    assert client.get("/v1/reports").status_code == 200
    assert client.get("/v1/reports", headers={"Host": "localhost:80"}).status_code == 200
    for host in ("reports.example.com", "127.0.0.1.example.com", "example.com:8000"):
        assert client.get("/v1/reports", headers={"Host": host}).status_code == 403


def test_a_page_of_another_site_can_send_nothing(serve: Serve) -> None:
    client = serve()
    page = {"Origin": "https://example.com"}
    assert client.post("/v1/search", json={"query": "x"}, headers=page).status_code == 403
    assert client.post("/v1/reports", files={"f": ("a.md", b"# A\n")}, headers=page).status_code == 403
    assert client.post("/v1/search", content=b'{"query": "x"}', headers={"Content-Type": "text/plain"}).is_error
    assert client.post("/v1/search", json={"query": "x"}, headers={"Origin": str(client.base_url)}).status_code == 200
    assert "access-control-allow-origin" not in client.get("/v1/reports", headers=page).headers


def test_pages_that_are_named_may_send(serve: Serve) -> None:
    client = serve(ASSISTANT_CORS_ORIGINS="https://desk.example.com", ASSISTANT_API_KEYS="desk-key-1")
    page = {"Origin": "https://desk.example.com"}
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    assert client.options("/v1/search", headers=page | asking).headers["access-control-allow-origin"] == page["Origin"]
    found = client.post("/v1/search", json={"query": "x"}, headers=page | bearer("desk-key-1"))
    assert found.status_code == 200 and found.headers["access-control-allow-origin"] == page["Origin"]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (["short"], "entry 1"),
        (["long-enough-key", "desk:admin:long-enough"], "entry 2 of ASSISTANT_API_KEYS has the role 'admin'"),
        (["desk:read:long-enough:fast"], "60/min"),
        (["desk:read:long-enough:1.2.3usd/day"], "amount"),
        (["a:read:long-enough", "b:read:long-enough"], "another entry"),
        (["a:read:long-enough", "a:read:long-enough2"], "second time"),
    ],
)
def test_a_wrong_entry_is_named_and_not_shown(entries: list[str], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(entries)
    assert told in str(refused.value) and "long-enough" not in str(refused.value)


def test_an_entry_has_a_name_a_role_and_limits() -> None:
    keys = parse(["plain-old-key", "desk:read:long-enough:60/min:2.50usd/day"])
    desk = keys.find("long-enough")
    assert desk and (desk.name, desk.role, desk.per_minute, desk.usd_per_day) == ("desk", "read", 60, Decimal("2.50"))
    plain = keys.find("plain-old-key")
    assert plain and plain.role == "write" and plain.per_minute is None and "plain" not in plain.name
    assert keys.find("long-enoug") is None and keys.find("") is None


def test_a_minute_passes() -> None:
    [key] = parse(["desk:read:long-enough:2/min"]).keys
    assert [key.wait(now) > 0 for now in (0.0, 1.0, 2.0, 59.0, 60.5, 60.6)] == [False, False, True, True, False, True]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example.com"])
def test_nobody_is_let_in_from_outside_without_a_key(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_bind(host, parse(["desk-key-1"]))
    assert main(["serve", "--host", host]) == 1
    assert "ASSISTANT_API_KEYS" in capsys.readouterr().err
    for own in ("127.0.0.1", "localhost", "::1"):
        check_bind(own, parse([]))
