"""The Gradio page for Spaces, with a Gradio in a folder of its own (it wants other versions than ours), in Chromium."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import PHOTO, wait_for
from .test_page import browser as browser  # a fixture

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.usefixtures("analysis")]
SPACE = Path(__file__).parents[2] / "deploy" / "space"
TOKEN = "a-long-enough-secret"


@pytest.fixture(scope="module")
def gradio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the version of Gradio that the Space's README names, and what it needs."""
    folder = tmp_path_factory.mktemp("gradio")
    version = (SPACE / "README.md").read_text(encoding="utf-8").split("sdk_version: ")[1].split()[0]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), f"gradio=={version}"]
    if subprocess.run(command, capture_output=True, timeout=600, check=False).returncode:
        pytest.skip("Gradio cannot be had")
    return folder


@contextmanager
def space(gradio: Path, tmp_path: Path, port: int, **more: str) -> Iterator[str]:
    paths = os.pathsep.join([str(gradio), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "PORT": str(port), "TMPDIR": str(tmp_path), **more}
    url = f"http://localhost:{port}"
    with subprocess.Popen([sys.executable, SPACE / "app.py"], env=environment) as process:

        def ready() -> bool:
            assert process.poll() is None
            try:
                return httpx.get(f"{url}/readyz").status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_for(ready, 180)
            yield url
        finally:
            process.terminate()


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]


def test_samples_without_a_token(gradio: Path, tmp_path: Path, free_port: int, browser: Any) -> None:
    with space(gradio, tmp_path, free_port) as url:
        page = browser.new_page()
        page.goto(f"{url}/gradio/")
        page.get_by_label("man-standing").click()
        page.get_by_alt_text("stand, AI-generated").wait_for(timeout=60_000)
        page.get_by_label("Pose").click()
        page.get_by_role("option", name="wave", exact=True).first.click()
        page.get_by_alt_text("wave, AI-generated").wait_for(timeout=60_000)
        assert page.get_by_role("button", name="Choose a photo").count() == 0
        files = {"files": ("photo.jpg", PHOTO.read_bytes(), "image/jpeg")}
        assert httpx.post(f"{url}/gradio/gradio_api/upload", files=files).status_code >= 400
        # Nothing on the page takes a file, neither one of the visitor's nor one of the server's.
        config = httpx.get(f"{url}/gradio/config").json()
        assert not any(component["type"] == "uploadbutton" for component in config["components"])
        assert stored(tmp_path) == []
        # The service itself is there too.
        about = httpx.get(f"{url}/v1/about").json()
        assert about["demo"] is True
        page.goto(url)
        page.get_by_role("button", name="Sample: man standing").wait_for()
        page.close()


def test_photos_with_a_token(gradio: Path, tmp_path: Path, free_port: int, browser: Any) -> None:
    with space(gradio, tmp_path, free_port, RSAGAN_TOKEN=TOKEN) as url:
        assert httpx.get(f"{url}/v1/about").status_code == 401
        assert httpx.get(f"{url}/gradio/config").status_code == 401
        page = browser.new_page()
        page.goto(f"{url}/gradio/")
        page.get_by_label("username").fill("anybody")
        page.get_by_label("password").fill(TOKEN)
        page.get_by_role("button", name="Login").click()
        page.locator("input[type=file]").set_input_files(PHOTO)
        page.get_by_alt_text("stand, AI-generated").wait_for(timeout=60_000)
        assert stored(tmp_path) == []
        page.close()


def test_an_event_names_no_file_of_the_server(gradio: Path, tmp_path: Path, free_port: int) -> None:
    """Whoever may give photos may not have the server read its own files."""
    with (
        space(gradio, tmp_path, free_port, RSAGAN_TOKEN=TOKEN) as url,
        httpx.Client(base_url=f"{url}/gradio", timeout=60) as client,
    ):
        client.post("/login", data={"username": "anybody", "password": TOKEN})
        events = client.get("/config").json()["dependencies"]
        taking = next(event["id"] for event in events if any(kind == "upload" for _, kind in event["targets"]))
        copy = tmp_path.parent / "of-the-server.jpg"
        copy.write_bytes(PHOTO.read_bytes())
        theirs = {"path": str(copy), "meta": {"_type": "gradio.FileData"}}
        asked = {"fn_index": taking, "session_hash": "abc", "data": [theirs, "stand"]}
        client.post("/gradio_api/queue/join", json=asked)
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "abc"}) as told:
            done = next(line for line in told.iter_lines() if "process_completed" in line)
        assert '"success":false' in done.replace(" ", "")
        assert copy.is_file()
