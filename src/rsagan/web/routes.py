"""The routes: what is asked of the line, and how the answers are told."""

import asyncio
import base64
import binascii
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from rsagan import __version__
from rsagan.assets import SHIPPED
from rsagan.errors import InputError
from rsagan.people import PALETTE, Region, library, to_json
from rsagan.web import models
from rsagan.web.clips import Clip, Clips
from rsagan.web.failures import Gone
from rsagan.web.line import Line
from rsagan.web.metrics import Metrics
from rsagan.web.settings import SAMPLES, Settings

PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp")
_REASONS = {
    401: "No or a wrong token.", 403: "Not offered here, or asked from another site's page.",
    404: "Not kept, or not any more.", 408: "The body came too slowly.",
    409: "Superseded by a newer preview, or not done.",
    413: "Too large.", 415: "Not a JPEG, PNG or WebP.", 421: "Unknown host name.",
    422: "Cannot be used; the sentence says why.",
    429: "Too many requests; see Retry-After.", 503: "Full, or the worker is being started; see Retry-After.",
    504: "Took too long.", 400: "Not a sound request.",
}  # fmt: skip


def _may_fail(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": models.ErrorTold, "description": _REASONS[code]} for code in (400, 401, 403, 421, *codes)}


_POSTED = (408, 409, 413, 422, 429, 503, 504)
_A_PICTURE = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PHOTO_TYPES},
    }
}


@dataclass(frozen=True)
class Desk:
    """What the routes work with."""

    settings: Settings
    line: Line
    clips: Clips
    metrics: Metrics

    async def for_client(self, request: Request, asked: Coroutine[Any, Any, Any]) -> Any:
        """Await the line's reply; a client that leaves takes its request out of the line."""
        reply = asyncio.ensure_future(asked)
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait((reply, gone), return_when=asyncio.FIRST_COMPLETED)
            if not reply.done():
                self.metrics.left.inc()
                raise HTTPException(499, "The client left.")
            return reply.result()
        finally:
            for task in (reply, gone):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task


def service_routes(desk: Desk) -> APIRouter:
    """Is it well, and what is there?"""
    router = APIRouter(tags=["service"])

    @router.get("/healthz")
    async def healthz() -> models.HealthTold:
        """The service is alive."""
        return models.HealthTold(status="alive", restarts=desk.line.restarts)

    @router.get("/readyz", responses={503: {"model": models.HealthTold}})
    async def readyz(response: Response) -> models.HealthTold:
        """The worker can paint."""
        response.status_code = 200 if desk.line.ready else 503
        status = "ready" if desk.line.ready else "restarting the worker" if desk.line.restarts else "starting"
        return models.HealthTold(status=status, restarts=desk.line.restarts)

    @router.get("/metrics", response_class=Response, responses=_may_fail())
    async def measured() -> Response:
        """For Prometheus."""
        return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/about", responses=_may_fail())
    async def about() -> models.AboutTold:
        """What is offered here."""
        return models.AboutTold(
            version=__version__, demo=desk.settings.demo, samples=list(SAMPLES), size=list(desk.settings.size),
            regions=[region.name.lower() for region in Region], colours=PALETTE.tolist(),
        )  # fmt: skip

    @router.get("/v1/poses", responses=_may_fail())
    async def poses() -> list[models.PoseTold]:
        """The library of named poses."""
        return _poses()

    return router


def people_routes(desk: Desk) -> APIRouter:
    """Photos to people."""
    router = APIRouter(tags=["people"])

    @router.get("/v1/samples/{name}.jpg", response_class=FileResponse, responses=_may_fail(404, 422))
    async def sample_photo(name: models.Name) -> FileResponse:
        """A sample photo as it is."""
        asset = next((asset for asset in SHIPPED if asset.name == name and name in SAMPLES), None)
        if asset is None:
            raise Gone(f"There is no such sample; there are {', '.join(SAMPLES)}.")
        return FileResponse(asset.path, media_type="image/jpeg")

    @router.post("/v1/samples/{name}", responses=_may_fail(404, *_POSTED))
    async def sample(request: Request, name: models.Name) -> models.AnalysisTold:
        """Analyse a sample photo."""
        if name not in SAMPLES:
            raise Gone(f"There is no such sample; there are {', '.join(SAMPLES)}.")
        return _analysis(*await desk.for_client(request, desk.line.ask("sample", {"name": name})))

    @router.post("/v1/analyse", responses=_may_fail(415, *_POSTED), openapi_extra=_A_PICTURE)
    async def analyse(
        request: Request,
        person: Annotated[int | None, Query(ge=0, le=99, description="Which person, 0 being the largest.")] = None,
    ) -> models.AnalysisTold:
        """Find a person in a photo. The body is the picture file itself."""
        _only_in_full(desk.settings)
        photo = await _picture(request)
        return _analysis(*await desk.for_client(request, desk.line.ask("analyse", {"person": person}, [photo])))

    @router.post("/v1/person", responses=_may_fail(*_POSTED))
    async def take_person(request: Request, asked: models.PersonAsked) -> models.SourceTold:
        """Hand in a person: corrected joints or regions, a person folder, or one the service has let go."""
        _only_in_full(desk.settings, "Corrected people")
        blobs = [_decoded(asked.picture, "picture"), _decoded(asked.parsing, "parsing")]
        if asked.photo is not None:
            blobs.append(_decoded(asked.photo, "photo"))
        told, _ = await desk.for_client(request, desk.line.ask("person", {"pose": asked.pose}, blobs))
        return models.SourceTold(**told)

    @router.post("/v1/together", responses=_may_fail(404, *_POSTED))
    async def together(request: Request, asked: models.TogetherAsked) -> models.SourceTold:
        """Show one person in several pictures, from several sides: what one hides another shows."""
        told, _ = await desk.for_client(request, desk.line.ask("together", {"sources": asked.sources}))
        return models.SourceTold(**told)

    return router


def picture_routes(desk: Desk) -> APIRouter:
    """People and poses to pictures."""
    router = APIRouter(tags=["pictures"])

    @router.post("/v1/scene", responses=_may_fail(415, *_POSTED), openapi_extra=_A_PICTURE)
    async def scene(request: Request) -> models.SceneTold:
        """Hand in a picture to stand before. The body is the picture file itself."""
        _only_in_full(desk.settings, "Backgrounds")
        picture = await _picture(request)
        told, _ = await desk.for_client(request, desk.line.ask("scene", {}, [picture]))
        return models.SceneTold(**told)

    @router.post(
        "/v1/generate",
        response_model=models.ResultTold,
        responses={
            **_may_fail(404, *_POSTED),
            200: {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The result; a JPEG for a preview."},
        },
    )
    async def generate(request: Request, asked: models.GenerateAsked) -> Any:
        """Show the person in the pose: JSON, a PNG if `Accept: image/png` asks for it, or a preview."""
        arguments = asked.model_dump(include={"source", "pose", "keep_place", "background"})
        marked = {"X-AI-Generated": "true"}
        if asked.preview is not None:
            stream = f"{asked.source}/{asked.preview}"
            _, blobs = await desk.for_client(request, desk.line.ask("preview", arguments, stream=stream))
            return Response(blobs[0], media_type="image/jpeg", headers=marked)
        told, blobs = await desk.for_client(request, desk.line.ask("generate", arguments))
        if request.headers.get("accept", "").startswith("image/png"):
            return Response(blobs[0], media_type="image/png", headers=marked)
        parsing = _encoded(blobs[1]) if len(blobs) > 1 else None
        result = models.ResultTold(picture=_encoded(blobs[0]), parsing=parsing, **told)
        return JSONResponse(result.model_dump(), headers=marked)

    return router


def clip_routes(desk: Desk) -> APIRouter:
    """Animations."""
    router = APIRouter(tags=["pictures"])

    @router.post("/v1/animate", status_code=202, responses=_may_fail(*_POSTED))
    async def animate(asked: models.AnimateAsked) -> models.ClipTold:
        """Make an MP4, one frame a pose; follow its events, then fetch its file."""
        how = asked.model_dump(include={"source", "keep_place", "background"})
        name = desk.clips.start(asked.poses, asked.fps, how)
        path = f"/v1/clips/{name}"
        return models.ClipTold(clip=name, frames=len(asked.poses), events=f"{path}/events", file=f"{path}.mp4")

    @router.get(
        "/v1/clips/{name}/events",
        response_class=StreamingResponse,
        responses={**_may_fail(404, 422), 200: {"content": {"text/event-stream": {}}}},
    )
    async def events(name: models.Name) -> StreamingResponse:
        """Progress: events `progress`, then `done`, `failed` or `cancelled`."""
        return StreamingResponse(desk.clips.follow(desk.clips.get(name)), media_type="text/event-stream")

    @router.get(
        "/v1/clips/{name}.mp4",
        response_class=Response,
        responses={**_may_fail(404, 409, 422), 200: {"content": {"video/mp4": {}}}},
    )
    async def clip_file(name: models.Name) -> Response:
        """The finished MP4."""
        clip: Clip = desk.clips.get(name)
        if clip.state != "done":
            raise HTTPException(409, clip.message or "The animation is not done yet; follow its events.")
        return Response(clip.file, media_type="video/mp4", headers={"X-AI-Generated": "true"})

    @router.delete("/v1/clips/{name}", status_code=204, responses=_may_fail(404, 422, 429))
    async def drop_clip(name: models.Name) -> None:
        """Give an animation up, and forget it."""
        desk.clips.cancel(name)

    return router


@cache
def _poses() -> list[models.PoseTold]:
    return [
        models.PoseTold(name=name, about=library.describe(name), pose=to_json(library.load(name)))
        for name in library.names()
    ]


def _only_in_full(settings: Settings, what: str = "Photos") -> None:
    if settings.demo:
        raise HTTPException(403, f"{what} cannot be sent to this demo; install rsagan and run `rsagan web` for that.")


async def _picture(request: Request) -> bytes:
    """The file that is the body."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in PHOTO_TYPES:
        raise HTTPException(415, f"Send the picture itself, as one of {', '.join(PHOTO_TYPES)}.")
    return await request.body()


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
        raise InputError(f"The {what} is not base64; send the file's bytes encoded so.") from error
