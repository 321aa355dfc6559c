"""A Gradio page for a Space, before the same service that `rsagan web` runs; its page and HTTP API are there too.

Whoever opens a public Space has not been asked for anything, so it offers the samples only. With a secret RSAGAN_TOKEN
it takes photos as well: the Gradio page asks for it as the password of any user, the HTTP API as a bearer token.
"""

import base64
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI

from rsagan.people import library
from rsagan.web import Settings
from rsagan.web.app import create_app
from rsagan.web.failures import failure
from rsagan.web.settings import SAMPLES

PATH = "/gradio"
PURPOSE = """Use photos of people who agreed to it; never to deceive, to harass, or to show somebody in a way they would
not want. Results are AI-generated, and the files say so. Nothing is stored."""
FILES = [".jpg", ".jpeg", ".png", ".webp"]


def space(token: str | None, host: str, port: int) -> FastAPI:
    """The service with a Gradio page at PATH."""
    service = create_app(Settings("0.0.0.0", port, token, (host,), demo=token is None))

    async def ask(method: str, arguments: dict[str, Any], *blobs: bytes) -> tuple[dict[str, Any], list[bytes]]:
        try:
            return await service.state.line.ask(method, arguments, blobs)
        except Exception as error:
            raise gr.Error(failure(error)[1], print_exception=False) from error

    async def analysed(told: dict[str, Any], blobs: list[bytes], pose: str) -> tuple[str, str, str]:
        return told["source"], picture(blobs[2], "The photo"), await paint(told["source"], pose)

    async def take_sample(name: str, pose: str) -> tuple[str, str, str]:
        return await analysed(*await ask("sample", {"name": name}), pose)

    async def take_photo(path: str, pose: str) -> tuple[str, str, str]:
        photo = Path(path).read_bytes()
        Path(path).unlink()  # nothing is stored
        return await analysed(*await ask("analyse", {}, photo), pose)

    async def paint(source: str | None, pose: str) -> str:
        if source is None:
            return ""
        _, blobs = await ask("generate", {"source": source, "pose": pose})
        return picture(blobs[0], f"{pose}, AI-generated")

    with gr.Blocks(title="RSA-GAN", delete_cache=(60, 120)) as page:
        gr.Markdown(f"# One photo. Any pose.\n{PURPOSE}")
        source = gr.State()
        with gr.Row():
            sample = gr.Radio(list(SAMPLES), label="Sample")
            pose = gr.Dropdown(library.names(), value="stand", label="Pose")
        photo = gr.UploadButton("Choose a photo", file_types=FILES) if token else None
        with gr.Row():
            before, after = gr.HTML(label="Photo"), gr.HTML(label="Result")
        sample.input(take_sample, [sample, pose], [source, before, after], api_name=False)
        if photo:
            photo.upload(take_photo, [photo, pose], [source, before, after], api_name=False)
        pose.input(paint, [source, pose], after, api_name=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.router.lifespan_context(service):
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    login = None if token is None else lambda _, given: hmac.compare_digest(given.encode(), token.encode())
    gr.mount_gradio_app(app, page, PATH, auth=login, max_file_size="24mb" if token else 1, show_error=False)
    page.has_launched = True  # else Gradio does not check which of the server's files an event names
    app.mount("/", service)
    return app


def picture(png: bytes, words: str) -> str:
    """An element with the PNG as it is: Gradio's own picture would encode it anew, without what it says of itself."""
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{base64.b64encode(png).decode()}" width="352">'


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "7860"))
    app = space(os.environ.get("RSAGAN_TOKEN") or None, os.environ.get("SPACE_HOST", "localhost"), port)
    uvicorn.run(app, host="0.0.0.0", port=port, proxy_headers=True, forwarded_allow_ips="*", log_level="warning")
