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
from starlette.routing import Match
from starlette.staticfiles import StaticFiles

from rsagan import __version__
from rsagan.web.clips import Clips
from rsagan.web.failures import FAILURES, failure
from rsagan.web.guard import Guard
from rsagan.web.line import Line
from rsagan.web.metrics import Metrics
from rsagan.web.routes import Desk, clip_routes, people_routes, picture_routes, service_routes
from rsagan.web.settings import Settings
from rsagan.web.worker import Worker

_log = logging.getLogger("rsagan.web")
PAGE = Path(__file__).parent / "page"
# What the framework says in two words.
_SENTENCES = {
    "Not Found": "There is nothing at this address; api.html shows what there is.",
    "Method Not Allowed": "This address is not asked in this way; api.html shows how.",
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
    for kind in FAILURES:
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


async def _failed(_: Request, error: Exception) -> JSONResponse:
    status, sentence, headers = failure(error)
    return JSONResponse({"error": sentence}, status, headers)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    told, status = str(error.detail), error.status_code
    if status == 404 and any(route.matches(request.scope)[0] is Match.PARTIAL for route in request.app.routes):
        told, status = "Method Not Allowed", 405  # the page's folder, which takes what no route does, has answered
    return JSONResponse({"error": _SENTENCES.get(told, told)}, status, error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """What is wrong with the first field; never the value, which may be a picture."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if isinstance(error.body, bytes):
        told = "The body is not said to be JSON; send it with the header `Content-Type: application/json`."
        return JSONResponse({"error": told}, 422)
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str) and part.isidentifier())[:80]
    return JSONResponse({"error": f"What was sent as `{place}` cannot be used: {first['msg']}."}, 422)
