"""The HTTP service as a whole, and how failures are told."""

import logging
import mimetypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.staticfiles import StaticFiles

from rsagan import __version__
from rsagan.errors import AssetError, InputError
from rsagan.web.clips import Clips
from rsagan.web.failures import Fault, Full, Gone, Overdue, Superseded, Unready, WorkerLost
from rsagan.web.guard import FAULT, Guard
from rsagan.web.line import Line
from rsagan.web.metrics import Metrics
from rsagan.web.routes import Desk, clip_routes, people_routes, picture_routes, service_routes
from rsagan.web.settings import Settings
from rsagan.web.worker import Worker

_log = logging.getLogger("rsagan.web")
PAGE = Path(__file__).parent / "page"
_LOST = "The worker that paints was lost and is being started again; ask again in a moment."
_FAILURES: dict[type[Exception], tuple[int, str | None, dict[str, str]]] = {
    InputError: (422, None, {}),
    Gone: (404, None, {}),
    Full: (503, "All places are taken; try again in a moment.", {"Retry-After": "2"}),
    Unready: (503, "The worker that paints is being started; ask again in a moment.", {"Retry-After": "5"}),
    WorkerLost: (503, _LOST, {"Retry-After": "5"}),
    Overdue: (504, "It took too long and was given up; ask again.", {"Retry-After": "5"}),
    Superseded: (409, "A newer preview took this one's place.", {}),
    AssetError: (
        503,
        "Photos cannot be analysed here yet: the operator of this service has to run `rsagan assets --fetch`.",
        {"Retry-After": "600"},
    ),
    Fault: (500, FAULT, {}),
}


def create_app(settings: Settings, hopeless: Callable[[str], None] = _log.critical) -> FastAPI:
    """The service of these settings.

    Args:
        hopeless: is told, in one sentence, if the worker can never start.
    """
    metrics = Metrics()
    worker = Worker(settings)
    line = Line(worker, settings.places, settings.seconds, metrics, hopeless)
    clips = Clips(line, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await line.open()
        yield
        await clips.close()
        await line.close()

    app = FastAPI(
        title="RSA-GAN",
        version=__version__,
        summary="Show a person from one photo in another pose.",
        description="Pictures of people who agreed to it. Every result is marked as AI-generated. Nothing is stored.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.line, app.state.worker, app.state.clips = line, worker, clips
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    for kind in _FAILURES:
        app.add_exception_handler(kind, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _refused)

    desk = Desk(settings, line, clips, metrics)
    for routes in (service_routes, people_routes, picture_routes, clip_routes):
        app.include_router(routes(desk))
    # Windows may have other types for these, and browsers then refuse modules.
    for ending, media_type in (".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml"):
        mimetypes.add_type(media_type, ending)
    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    return app


def failure(error: Exception) -> tuple[int, str, dict[str, str]]:
    """How a failure of the line is told: status, one sentence, headers. Anything unforeseen is a fault of ours."""
    unforeseen = _FAILURES[Fault]
    status, sentence, headers = next((told for kind, told in _FAILURES.items() if isinstance(error, kind)), unforeseen)
    return status, sentence or str(error), headers


async def _failed(_: Request, error: Exception) -> JSONResponse:
    status, sentence, headers = failure(error)
    return JSONResponse({"error": sentence}, status, headers)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """What is wrong with the first field; never the value, which may be a picture."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str) and part.isidentifier())[:80]
    return JSONResponse({"error": f"{place}: {first['msg']}."}, 422)
