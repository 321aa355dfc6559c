"""The HTTP service: routes, and how failures are told."""

import asyncio
import base64
import binascii
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.staticfiles import StaticFiles

from rsagan import __version__
from rsagan.assets import SHIPPED
from rsagan.errors import AssetError, InputError
from rsagan.people import PALETTE, Region, library, to_json
from rsagan.web import models
from rsagan.web.clips import Clip, Clips
from rsagan.web.failures import Fault, Full, Gone, Overdue, Superseded, Unready, WorkerLost
from rsagan.web.guard import FAULT, Guard
from rsagan.web.line import Line
from rsagan.web.metrics import Metrics
from rsagan.web.settings import SAMPLES, Settings
from rsagan.web.worker import Worker

_log = logging.getLogger("rsagan.web")
PAGE = Path(__file__).parent / "page"
PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp")
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
_REASONS = {
    401: "No or a wrong token.", 403: "Not offered here, or asked from another site's page.",
    404: "Not kept, or not any more.", 408: "The body came too slowly.", 409: "Superseded by a newer preview.",
    413: "Too large.", 415: "Not a JPEG, PNG or WebP.", 421: "Unknown host name.",
    422: "Cannot be used; the sentence says why.",
    429: "Too many requests; see Retry-After.", 503: "Full, or the worker is being started; see Retry-After.",
    504: "Took too long.", 400: "Not a sound request.",
}  # fmt: skip


def _may_fail(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": models.ErrorTold, "description": _REASONS[code]} for code in (400, 401, 403, 421, *codes)}


_POSTED = (408, 409, 413, 422, 429, 503, 504)


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

    async def for_client(request: Request, asked: Coroutine[Any, Any, Any]) -> Any:
        """Await the line's reply; a client that leaves takes its request out of the line."""
        reply = asyncio.ensure_future(asked)
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait((reply, gone), return_when=asyncio.FIRST_COMPLETED)
            if not reply.done():
                metrics.left.inc()
                raise HTTPException(499, "The client left.")
            return reply.result()
        finally:
            for task in (reply, gone):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    @app.get("/healthz", tags=["service"])
    async def healthz() -> models.HealthTold:
        """The service is alive."""
        return models.HealthTold(status="alive", restarts=line.restarts)

    @app.get("/readyz", tags=["service"], responses={503: {"model": models.HealthTold}})
    async def readyz(response: Response) -> models.HealthTold:
        """The worker can paint."""
        response.status_code = 200 if line.ready else 503
        status = "ready" if line.ready else "restarting the worker" if line.restarts else "starting"
        return models.HealthTold(status=status, restarts=line.restarts)

    @app.get("/metrics", tags=["service"], response_class=Response, responses=_may_fail())
    async def measured() -> Response:
        """For Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/v1/about", tags=["service"], responses=_may_fail())
    async def about() -> models.AboutTold:
        """What is offered here."""
        return models.AboutTold(
            version=__version__, demo=settings.demo, samples=list(SAMPLES), size=list(settings.size),
            regions=[region.name.lower() for region in Region], colours=PALETTE.tolist(),
        )  # fmt: skip

    @app.get("/v1/poses", tags=["poses"], responses=_may_fail())
    async def poses() -> list[models.PoseTold]:
        """The library of named poses."""
        return [
            models.PoseTold(name=name, about=library.describe(name), pose=to_json(library.load(name)))
            for name in library.names()
        ]

    @app.get("/v1/samples/{name}.jpg", tags=["people"], response_class=FileResponse, responses=_may_fail(404, 422))
    async def sample_photo(name: models.Name) -> FileResponse:
        """A sample photo as it is."""
        asset = next((asset for asset in SHIPPED if asset.name == name and name in SAMPLES), None)
        if asset is None:
            raise Gone("There is no such sample.")
        return FileResponse(asset.path, media_type="image/jpeg")

    @app.post("/v1/samples/{name}", tags=["people"], responses=_may_fail(404, *_POSTED))
    async def sample(request: Request, name: models.Name) -> models.AnalysisTold:
        """Analyse a sample photo."""
        if name not in SAMPLES:
            raise Gone("There is no such sample.")
        return _analysis(*await for_client(request, line.ask("sample", {"name": name})))

    @app.post(
        "/v1/analyse",
        tags=["people"],
        responses=_may_fail(415, *_POSTED),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PHOTO_TYPES},
            }
        },
    )
    async def analyse(
        request: Request,
        person: Annotated[int | None, Query(ge=0, le=99, description="Which person, 0 being the largest.")] = None,
    ) -> models.AnalysisTold:
        """Find a person in a photo. The body is the picture file itself."""
        _only_in_full(settings)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in PHOTO_TYPES:
            raise HTTPException(415, f"Send the photo itself, as one of {', '.join(PHOTO_TYPES)}.")
        photo = await request.body()
        return _analysis(*await for_client(request, line.ask("analyse", {"person": person}, [photo])))

    @app.post("/v1/person", tags=["people"], responses=_may_fail(*_POSTED))
    async def take_person(request: Request, asked: models.PersonAsked) -> models.SourceTold:
        """Hand in a person: corrected joints or regions, a person folder, or one the service has let go."""
        _only_in_full(settings, "Corrected people")
        blobs = [_decoded(asked.picture, "picture"), _decoded(asked.parsing, "parsing")]
        told, _ = await for_client(request, line.ask("person", {"pose": asked.pose}, blobs))
        return models.SourceTold(**told)

    @app.post(
        "/v1/generate",
        tags=["pictures"],
        response_model=models.ResultTold,
        responses={
            **_may_fail(404, *_POSTED),
            200: {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The result; a JPEG for a preview."},
        },
    )
    async def generate(request: Request, asked: models.GenerateAsked) -> Any:
        """Show the person in the pose: JSON, a PNG if `Accept: image/png` asks for it, or a preview."""
        arguments = asked.model_dump(include={"source", "pose", "keep_place"})
        marked = {"X-AI-Generated": "true"}
        if asked.preview is not None:
            stream = f"{asked.source}/{asked.preview}"
            _, blobs = await for_client(request, line.ask("preview", arguments, stream=stream))
            return Response(blobs[0], media_type="image/jpeg", headers=marked)
        told, blobs = await for_client(request, line.ask("generate", arguments))
        if request.headers.get("accept", "").startswith("image/png"):
            return Response(blobs[0], media_type="image/png", headers=marked)
        parsing = _encoded(blobs[1]) if len(blobs) > 1 else None
        result = models.ResultTold(picture=_encoded(blobs[0]), parsing=parsing, **told)
        return JSONResponse(result.model_dump(), headers=marked)

    @app.post("/v1/animate", tags=["pictures"], status_code=202, responses=_may_fail(*_POSTED))
    async def animate(asked: models.AnimateAsked) -> models.ClipTold:
        """Make an MP4, one frame a pose; follow its events, then fetch its file."""
        name = clips.start(asked.source, asked.poses, asked.fps, asked.keep_place)
        path = f"/v1/clips/{name}"
        return models.ClipTold(clip=name, frames=len(asked.poses), events=f"{path}/events", file=f"{path}.mp4")

    @app.get(
        "/v1/clips/{name}/events",
        tags=["pictures"],
        response_class=StreamingResponse,
        responses={**_may_fail(404, 422), 200: {"content": {"text/event-stream": {}}}},
    )
    async def events(name: models.Name) -> StreamingResponse:
        """Progress: events `progress`, then `done`, `failed` or `cancelled`."""
        return StreamingResponse(clips.follow(clips.get(name)), media_type="text/event-stream")

    @app.get(
        "/v1/clips/{name}.mp4",
        tags=["pictures"],
        response_class=Response,
        responses={**_may_fail(404, 409, 422), 200: {"content": {"video/mp4": {}}}},
    )
    async def clip_file(name: models.Name) -> Response:
        """The finished MP4."""
        clip: Clip = clips.get(name)
        if clip.state != "done":
            raise HTTPException(409, clip.message or "The animation is not done yet; follow its events.")
        return Response(clip.file, media_type="video/mp4", headers={"X-AI-Generated": "true"})

    @app.delete("/v1/clips/{name}", tags=["pictures"], status_code=204, responses=_may_fail(404, 422, 429))
    async def drop_clip(name: models.Name) -> None:
        """Give an animation up, and forget it."""
        clips.cancel(name)

    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    return app


def _only_in_full(settings: Settings, what: str = "Photos") -> None:
    if settings.demo:
        raise HTTPException(403, f"{what} cannot be sent to this demo; install rsagan and run `rsagan web` for that.")


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _analysis(told: dict[str, Any], blobs: list[bytes]) -> models.AnalysisTold:
    picture, parsing, photo = map(_encoded, blobs)
    return models.AnalysisTold(picture=picture, parsing=parsing, photo=photo, **told)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"The {what} is not base64.") from error


async def _failed(_: Request, error: Exception) -> JSONResponse:
    status, sentence, headers = next(told for kind, told in _FAILURES.items() if isinstance(error, kind))
    return JSONResponse({"error": sentence or str(error)}, status, headers)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """What is wrong with the first field; never the value, which may be a picture."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str) and part.isidentifier())[:80]
    return JSONResponse({"error": f"{place}: {first['msg']}."}, 422)
