"""/v1/reports and /v1/jobs: the reports kept, their text and pages, and how new ones come in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response

from assistant.adapters.api import shapes
from assistant.adapters.api.desk import TheDesk
from assistant.adapters.api.jobs import Job, safe_name
from assistant.adapters.api.problems import Problem, documented
from assistant.adapters.render import info_data
from assistant.errors import InputError
from assistant.reading import SUFFIXES

router = APIRouter(prefix="/v1/reports", tags=["reports"], responses=documented(401, 403, 429, 500, 503))
jobs = APIRouter(prefix="/v1/jobs", tags=["reports"], responses=documented(401, 403, 429, 500))

_MOST_FILES = 500
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": f"files of these kinds: {' '.join(SUFFIXES)}",
                        }
                    },
                }
            }
        },
    }
}


@router.get("", summary="List the reports", response_model=shapes.ReportList)
def reports(desk: TheDesk) -> dict[str, Any]:
    """The reports kept, in the order of ingestion."""
    return {"reports": [info_data(info) for info in desk.assistant.reports()]}


@router.get("/{report_id}", summary="A report", response_model=shapes.ReportDetails, responses=documented(404, 422))
def report(report_id: str, desk: TheDesk) -> dict[str, Any]:
    """What is known of a report, by its id or the beginning of one."""
    found = desk.assistant.report(desk.report_id(report_id))
    return {
        **info_data(desk.assistant.library.info(found.report_id)),
        "characters": len(found.text),
        "analysts": found.analysts,
        "tickers": found.tickers,
        "sections": [section.title for section in found.sections],
        "figures": [figure.caption for figure in found.figures],
        "warnings": found.warnings,
    }


@router.delete("/{report_id}", summary="Take a report out", status_code=204, responses=documented(404, 422))
def remove(report_id: str, desk: TheDesk) -> Response:
    """Takes a report out of the library, with everything found by it."""
    with _still_there(report_id):
        desk.assistant.remove(desk.report_id(report_id))
    return Response(status_code=204)


@router.get(
    "/{report_id}/text",
    summary="A report's text",
    response_class=PlainTextResponse,
    responses=documented(404, 422),
)
def text(report_id: str, desk: TheDesk) -> Response:
    """The text that all offsets count in, unchanged."""
    return PlainTextResponse(desk.assistant.report(desk.report_id(report_id)).text.encode("utf-8", "replace"))


@router.get(
    "/{report_id}/pages/{number}.png",
    summary="A page as a picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "the page"}, **documented(404, 422)},
)
def page(
    report_id: str,
    number: int,
    desk: TheDesk,
    start: Annotated[int | None, Query(ge=0, description="mark the characters from here…")] = None,
    end: Annotated[int | None, Query(ge=0, description="…to here")] = None,
) -> Response:
    """A page of a PDF report, the characters `start` to `end` of the report's text marked."""
    known = desk.report_id(report_id)
    if not 1 <= number <= (desk.assistant.library.info(known).pages or 0):
        raise Problem(404, f"the report {known} has no page {number}")
    if (start is None) != (end is None):
        raise Problem(422, "start and end go together")
    if start is not None and end is not None and start >= end:
        raise Problem(422, "start should be less than end")
    span = (start, end) if start is not None and end is not None else None
    return Response(desk.assistant.page_picture(known, number, span), media_type="image/png")


@router.post(
    "",
    summary="Add reports",
    status_code=201,
    response_model=shapes.JobState,
    openapi_extra=_UPLOAD,
    responses={
        200: {"model": shapes.JobState, "description": "the library has these already"},
        202: {"model": shapes.JobState, "description": "on its way; ask for the job at Location"},
        **documented(400, 413, 415, 422),
    },
)
async def upload(
    request: Request,
    desk: TheDesk,
    wait: Annotated[float, Query(ge=0, le=60, description="seconds to wait for the outcome before 202")] = 10.0,
) -> Response:
    """Takes files in, as multipart/form-data under any field name. File names are names only, never paths.

    Replies when all is done, or after `wait` seconds with 202 and the address of the job.
    """
    async with request.form(max_files=_MOST_FILES) as form:
        files = _files(form)
        with _room():
            job = await asyncio.to_thread(desk.jobs.add, files)
    await asyncio.to_thread(job.finished.wait, wait)
    return _told(job)


@jobs.get("/{job_id}", summary="An upload's progress", response_model=shapes.JobState, responses=documented(404, 422))
def job(job_id: str, desk: TheDesk) -> dict[str, Any]:
    """How far an upload is; outcomes are kept for a week."""
    found = desk.jobs.get(job_id)
    if found is None:
        raise Problem(404, f"there is no job {job_id!r}")
    return found.data()


def _files(form: FormData) -> list[tuple[str, BinaryIO]]:
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    if not files:
        raise Problem(422, "there is no file in the request; send multipart/form-data with one or more files")
    for file in files:
        name = safe_name(file.filename or "")
        if PurePath(name).suffix.lower() not in SUFFIXES:
            raise Problem(415, f"{name}: not a report format; these are: {' '.join(SUFFIXES)}")
    return [(file.filename or "", file.file) for file in files]


def _told(job: Job) -> Response:
    headers = {"Location": f"/v1/jobs/{job.job_id}"}
    data = job.data()
    if not job.finished.is_set():
        return JSONResponse(data, 202, {**headers, "Retry-After": "1"})
    if job.status == "failed":
        raise Problem(503, job.error or "the upload failed", **data | {"status": 503})
    outcomes = {outcome["status"] for outcome in job.files}
    if outcomes <= {"failed", "skipped", "duplicate"}:
        raise Problem(422, "; ".join(f"{o['source']}: {o['message']}" for o in job.files), files=job.files)
    return JSONResponse(data, 200 if outcomes <= {"unchanged"} else 201, headers)


@contextmanager
def _still_there(report_id: str) -> Iterator[None]:
    """Two may take the same report out; the second finds it gone."""
    try:
        yield
    except InputError:
        raise Problem(404, f"there is no report {report_id!r}") from None


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise Problem(503, "the files can't be kept; is the disk full?") from None
