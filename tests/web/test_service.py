"""The service over HTTP, with a worker process and a tiny network."""

import asyncio
import base64
import io
import mimetypes
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image

from rsagan.errors import InputError
from rsagan.people import library, png_bytes, to_json
from rsagan.people.picture import AI_NOTICE
from rsagan.web.listener import listen
from rsagan.web.server import run
from rsagan.web.settings import Settings

from .conftest import PHOTO, Service, hand_in, person_asked, png, wait_for

Start = Callable[..., Any]
_ENDINGS = (".js", ".css", ".svg")


def generate(service: Service, source: str, pose: Any = "walk", **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    with service.client() as client:
        return client.post("/v1/generate", json={"source": source, "pose": pose, **more}, headers=headers)


@contextmanager
def stopped(service: Service) -> Iterator[None]:
    """The network is as slow as can be."""
    pid = service.worker
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("analysis")
def test_a_photo_is_analysed_and_painted(service: Service) -> None:
    marked = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "HOLIDAY-IN-SECRET-PLACE"
    exif.get_ifd(0x8825)[1] = "N"
    Image.open(PHOTO).save(marked, "JPEG", exif=exif, comment=b"HOLIDAY-COMMENT")
    with service.client() as client:
        answer = client.post("/v1/analyse", content=marked.getvalue(), headers={"content-type": "image/jpeg"})
        again = client.post("/v1/analyse", content=marked.getvalue(), headers={"content-type": "image/jpeg"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert again.json() == told
    assert len(told["people"]) == 1
    for name in ("picture", "photo", "parsing"):
        data = base64.b64decode(told[name])
        assert b"HOLIDAY" not in data
        assert Image.open(io.BytesIO(data)).size == (176, 256)

    result = generate(service, told["source"]).json()
    picture = base64.b64decode(result["picture"])
    assert b"HOLIDAY" not in picture
    assert AI_NOTICE in Image.open(io.BytesIO(picture)).text["Description"]
    preview = generate(service, told["source"], result["pose"], keep_place=True, preview="hand")
    assert preview.headers["content-type"] == "image/jpeg"
    assert preview.headers["x-ai-generated"] == "true"
    small = Image.open(io.BytesIO(preview.content))
    assert small.size == (88, 128)
    assert AI_NOTICE.encode() in small.info["comment"]
    png = generate(service, told["source"], headers={"accept": "image/png"})
    assert png.content == picture


def test_a_person_handed_in_is_painted_alike_by_names_and_joints(service: Service, someone: dict[str, Any]) -> None:
    by_name = generate(service, someone["source"]).json()
    by_joints = generate(service, someone["source"], to_json(library.load("walk"))).json()
    assert by_name["picture"] == by_joints["picture"]
    assert by_name["painted_at"] == [128, 88]
    assert Image.open(io.BytesIO(base64.b64decode(by_name["parsing"]))).mode == "P"
    assert hand_in(service)["source"] == someone["source"]
    assert hand_in(service, seed=1)["source"] != someone["source"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"picture": "not base64!"}, "base64"),
        ({"picture": base64.b64encode(b"no picture").decode()}, "JPEG, PNG or WebP"),
        ({"picture": base64.b64encode(png(1025, 1000)).decode()}, "at most 1024 a side"),
        ({"parsing": base64.b64encode(png(7_900, 7_900)).decode()}, "one frame"),
        ({"parsing": base64.b64encode(b"no map").decode()}, "parsing map"),
        ({"pose": {"people": []}}, "no person"),
        ({"pose": {"people": [{"pose_keypoints_2d": [0] * 54}], "height": 256, "width": 176}}, "joints"),
        ({"pose": to_json(library.load("walk").resized((128, 88)))}, "one frame"),
        ({"more": 1}, "Extra inputs"),
    ],
)
def test_people_that_cannot_be_used_are_refused_in_one_sentence(
    service: Service, change: dict[str, Any], words: str
) -> None:
    with service.client() as client:
        answer = client.post("/v1/person", json={**person_asked(), **change})
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert "/" not in answer.json()["error"].replace("and/or", "")


def test_backgrounds(service: Service) -> None:
    asked = person_asked(2)
    photo = base64.b64encode(png_bytes(np.full((256, 176, 3), (30, 60, 160), np.uint8))).decode()
    with service.client() as client:
        alone = client.post("/v1/person", json=asked).json()["source"]
        with_photo = client.post("/v1/person", json={**asked, "photo": photo}).json()["source"]
        together = client.post("/v1/together", json={"sources": [with_photo, hand_in(service)["source"]]}).json()
        too_small = base64.b64encode(png_bytes(np.zeros((128, 88, 3), np.uint8))).decode()
        refused = client.post("/v1/person", json={**asked, "photo": too_small})
        assert refused.status_code == 422
        assert "must show one frame" in refused.json()["error"]
    assert alone != with_photo
    plain = generate(service, alone).json()["picture"]
    assert generate(service, with_photo, background="plain").json()["picture"] == plain
    for source in (with_photo, together["source"]):
        kept = generate(service, source, background="keep")
        assert Image.open(io.BytesIO(base64.b64decode(kept.json()["picture"]))).size == (176, 256)
        assert generate(service, source, background="keep", preview="hand").status_code == 200
    without = generate(service, alone, background="keep")
    assert (without.status_code, "came without a photo" in without.json()["error"]) == (422, True)


def test_a_picture_to_stand_before(service: Service, someone: dict[str, Any]) -> None:
    def send(picture: bytes, kind: str = "image/png") -> httpx.Response:
        with service.client() as client:
            return client.post("/v1/scene", content=picture, headers={"content-type": kind})

    red, blue = (png_bytes(np.full((90, 120, 3), colour, np.uint8)) for colour in ((200, 20, 20), (30, 60, 160)))
    scene = send(red).json()["scene"]
    assert send(red).json() == {"scene": scene}
    assert send(blue).json()["scene"] != scene
    shown = generate(service, someone["source"], background=scene).json()
    assert Image.open(io.BytesIO(base64.b64decode(shown["picture"]))).size == (176, 256)
    assert generate(service, someone["source"], background=scene, preview="hand").status_code == 200
    for source, background, words in (
        (someone["source"], "beach", "There is no such background, or not any more"),
        (someone["source"], someone["source"], "There is no such background, or not any more"),
        (scene, "plain", "This person is no longer kept"),
    ):
        refused = generate(service, source, background=background)
        assert (refused.status_code, words in refused.json()["error"]) == (404, True)
    refused = send(b"GIF89a")
    assert refused.status_code == 422
    assert refused.json()["error"] == "The background is not a readable JPEG, PNG or WebP picture."
    assert send(red, "text/plain").status_code == 415
    assert send(bytes((24 << 20) + 1)).status_code == 413


def test_several_pictures_of_a_person_become_one(service: Service, someone: dict[str, Any]) -> None:
    other = hand_in(service, seed=1)["source"]
    with service.client() as client:

        def together(*sources: str) -> Any:
            return client.post("/v1/together", json={"sources": sources})

        told = together(someone["source"], other)
        assert told.status_code == 200
        assert told.json()["pose"] == together(other, someone["source"]).json()["pose"]
        assert together(someone["source"], other).json() == told.json()
        sources = [someone["source"], other, told.json()["source"]]
        pictures = [client.post("/v1/generate", json={"source": each, "pose": "walk"}).content for each in sources]
        assert len({*sources, *pictures}) == 6
        assert together(someone["source"], "gone").status_code == 404
        assert together(other).status_code == 422
        four = together(told.json()["source"], told.json()["source"])
        assert four.status_code == 200
        too_many = together(four.json()["source"], other)
        assert too_many.status_code == 422
        assert "At most 4 pictures" in too_many.json()["error"]


def test_animations_are_made_and_told_of(service: Service, someone: dict[str, Any]) -> None:
    with service.client() as client:
        asked = {"source": someone["source"], "poses": ["walk", "stand", "wave"], "fps": 8}
        told = client.post("/v1/animate", json=asked)
        assert told.status_code == 202
        assert client.get(told.json()["file"]).status_code in (200, 409)
        with client.stream("GET", told.json()["events"]) as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            names = [line[7:] for line in events.iter_lines() if line.startswith("event: ")]
        assert names[-1] == "done"
        clip = client.get(told.json()["file"])
        assert clip.headers["content-type"] == "video/mp4"
        assert clip.content[4:8] == b"ftyp"
        assert client.delete(f"/v1/clips/{told.json()['clip']}").status_code == 204
        assert client.get(told.json()["file"]).status_code == 404

        told = client.post("/v1/animate", json={"source": "nobody", "poses": ["walk"]})
        with client.stream("GET", told.json()["events"]) as events:
            assert "no longer kept" in events.read().decode()
        for bad in ({"poses": []}, {"fps": 0}, {"poses": ["walk"] * 481}):
            assert client.post("/v1/animate", json={**asked, **bad}).status_code == 422


@pytest.fixture(scope="module")
def small(start: Start) -> Iterator[Service]:
    """A service with four places."""
    with start(places=4) as running:
        yield running


def test_an_animation_that_nobody_follows_is_given_up(
    service: Service, someone: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rsagan.web import clips

    monkeypatch.setattr(clips, "UNWATCHED_SECONDS", 0.0)
    with service.client() as client:
        told = client.post("/v1/animate", json={"source": someone["source"], "poses": ["walk"] * 400}).json()
        clip = service.app.state.clips.get(told["clip"])
        wait_for(lambda: clip.state == "cancelled")
        assert clip.done < 400
        assert client.get(told["file"]).status_code == 409


def test_the_library_is_built_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with service.client() as client:
        before = client.get("/v1/poses").json()
        monkeypatch.setattr(library, "load", lambda _: pytest.fail("built again"))
        assert client.get("/v1/poses").json() == before


def test_exactly_as_many_as_there_are_places(small: Service) -> None:
    places, more = 4, 3
    source = hand_in(small)["source"]
    with ThreadPoolExecutor(places + more) as crowd, stopped(small), small.client() as client:
        answers = [crowd.submit(generate, small, source) for _ in range(places + more)]
        wait_for(lambda: sum(answer.done() for answer in answers) == more)
        for _ in range(20):  # how quickly: benchmarks/page_speed.py
            assert client.get("/healthz").status_code == 200
        assert small.app.state.line.taken == places
        refused = [answer.result() for answer in answers if answer.done()]
        os.kill(small.worker, signal.SIGCONT)
        statuses = sorted(answer.result().status_code for answer in answers)
    assert statuses == [200] * places + [503] * more
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)


def test_a_client_that_left_frees_its_place(small: Service) -> None:
    source = hand_in(small)["source"]
    line = small.app.state.line
    with stopped(small):
        for _ in range(6):
            with pytest.raises(httpx.TimeoutException), httpx.Client(base_url=small.url, timeout=0.4) as client:
                client.post("/v1/generate", json={"source": source, "pose": "walk"})
            wait_for(lambda: line.taken <= 1)
    wait_for(lambda: line.taken == 0)
    assert generate(small, source).status_code == 200


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced(start: Start) -> None:
    with start(seconds=1.0) as service:
        source = hand_in(service)["source"]
        before = service.worker
        os.kill(before, signal.SIGSTOP)
        assert generate(service, source).status_code == 504
        wait_for(lambda: service.app.state.line.restarts == 1)
        service.wait_until_ready()
        assert service.worker != before


def test_a_worker_that_is_killed_mid_job_is_replaced_and_that_is_said(start: Start) -> None:
    with start() as service, service.client() as client:
        source = hand_in(service)["source"]
        before = service.worker
        told = client.post("/v1/animate", json={"source": source, "poses": ["walk"] * 400}).json()
        seen: list[str] = []

        def follow() -> None:
            with service.client() as mine, mine.stream("GET", told["events"]) as events:
                seen.extend(events.iter_lines())

        follower = threading.Thread(target=follow)
        follower.start()
        wait_for(lambda: len(seen) > 10)
        os.kill(before, signal.SIGSTOP)
        waiting = ThreadPoolExecutor(1).submit(generate, service, source)
        wait_for(lambda: service.app.state.line.taken == 2)
        os.kill(before, signal.SIGKILL)
        answer = waiting.result()
        assert answer.status_code == 503
        assert "started again" in answer.json()["error"]
        assert int(answer.headers["retry-after"]) > 0
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json() == {"status": "restarting the worker", "restarts": 1}
        assert client.get("/healthz").status_code == 200
        follower.join(20)
        assert any("event: failed" in line for line in seen)
        assert any("started again" in line for line in seen)
        service.wait_until_ready()
        assert client.get("/readyz").json()["status"] == "ready"
        assert "rsagan_worker_restarts_total 1.0" in client.get("/metrics").text
        assert generate(service, source).status_code == 404  # the new worker knows nobody
        assert generate(service, hand_in(service)["source"]).status_code == 200


def test_answers_are_not_held_back() -> None:
    """Who comes early is let in; the body of an answer does not wait until the client has confirmed the head."""
    with listen("127.0.0.1", 0) as here, socket.create_connection(here.getsockname()), here.accept()[0] as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_connection_that_sends_no_whole_head_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after a request; one that is only slow to be answered is not."""
    from rsagan.web import server

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.8)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    monkeypatch.setattr(server, "HEAD_SECONDS", 0.4)
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", http=server.Timely)
    running = uvicorn.Server(config)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
        thread.start()
        try:
            silent, started, asking = (socket.create_connection(listener.getsockname(), timeout=3) for _ in range(3))
            started.sendall(b"GET / HTTP/1.1\r\nHost: localh")
            asking.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert silent.recv(100) == started.recv(100) == b""
            assert b"200 OK" in asking.recv(1000)
            asking.sendall(b"GET / HT")
            while said := asking.recv(1000):
                assert said in (b"ok",)
            for connection in (silent, started, asking):
                connection.close()
        finally:
            running.should_exit = True
            thread.join(10)


def test_paths_lead_nowhere(service: Service) -> None:
    tricks = [
        "/../settings.py", "/..%2fsettings.py", "/%2e%2e/%2e%2e/etc/passwd", "/js/../../settings.py", "//etc/passwd",
        "/js/%00", "/v1/samples/..%2f..%2fNOTICE", "/v1/samples/%2e%2e.jpg", "/v1/clips/..%2f..mp4", "/js",
    ]  # fmt: skip
    with service.client() as client:
        for trick in tricks:
            answer = client.get(trick)
            assert answer.status_code in (307, 404, 405), trick
            assert b"rsagan" not in answer.content.lower() or answer.status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("GET", "/v1/nothing", None, "There is nothing at this address"),
        ("PUT", "/v1/poses", {}, "This address is not asked in this way"),
        ("POST", "/v1/samples/nobody", {}, "There is no such sample; there are woman-walking"),
        (
            "POST",
            "/v1/generate",
            {"source": "a", "pose": "walk", "keep_place": "perhaps"},
            "What was sent as `body.keep",
        ),
        ("POST", "/v1/person", {**person_asked(), "pose": {"people": []}}, "The pose holds no person"),
    ],
)
def test_refusals_are_sentences(service: Service, method: str, path: str, body: Any, words: str) -> None:
    with service.client() as client:
        answer = client.request(method, path, json=body)
    assert answer.status_code >= 400
    told = answer.json()["error"]
    assert told.startswith(words)
    assert told.endswith(".")


def test_the_page_needs_nothing_from_outside(service: Service) -> None:
    with service.client() as client:
        for path in ("/", "/api.html"):
            assert client.get(path).headers["content-security-policy"].startswith("default-src 'none'")
        folder = Path(__file__).parents[2] / "src/rsagan/web/page"
        for file in folder.rglob("*.*"):
            text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), file
            assert "innerHTML" not in text
        for path in client.get("/openapi.json").json()["paths"]:
            assert path.startswith(("/v1/", "/healthz", "/readyz", "/metrics"))


def test_scripts_are_scripts_whatever_the_system_calls_them() -> None:
    from rsagan.web.app import create_app
    from rsagan.web.settings import Settings

    async def ask() -> list[str]:
        transport = httpx.ASGITransport(create_app(Settings(demo=True)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answers = [await client.get(path) for path in ("/js/app.js", "/style.css", "/icon.svg")]
            return [answer.headers["content-type"].split(";")[0] for answer in answers]

    known = [mimetypes.types_map[ending] for ending in _ENDINGS]
    try:
        for ending in _ENDINGS:
            mimetypes.add_type("text/plain", ending)
        assert asyncio.run(ask()) == ["text/javascript", "text/css", "image/svg+xml"]
    finally:
        for ending, kind in zip(_ENDINGS, known, strict=True):
            mimetypes.add_type(kind, ending)


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} is in use, .* --port, such as {port + 1}"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"Cannot listen on 192\.0\.2\.1, port 0: [^()]*; choose another with --host"):
        listen("192.0.2.1", 0)


def test_the_demo_takes_nothing() -> None:
    from rsagan.web.app import create_app
    from rsagan.web.settings import Settings

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(Settings(demo=True)))  # refused before any worker is needed
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [
                await client.post("/v1/analyse", content=PHOTO.read_bytes(), headers={"content-type": "image/jpeg"}),
                await client.post("/v1/person", json=person_asked()),
                await client.post("/v1/scene", content=PHOTO.read_bytes(), headers={"content-type": "image/jpeg"}),
                await client.get("/v1/about"),
            ]

    photo, person, scene, about = asyncio.run(ask())
    assert photo.status_code == person.status_code == scene.status_code == 403
    assert about.json()["demo"] is True


def test_only_pictures_are_photos(service: Service) -> None:
    with service.client() as client:
        for kind in ("text/plain", "image/gif", ""):
            answer = client.post("/v1/analyse", content=b"GIF89a", headers={"content-type": kind})
            assert answer.status_code == 415
        answer = client.post("/v1/analyse", content=b"GIF89a", headers={"content-type": "image/png"})
        assert answer.status_code == 422
        assert (
            client.post("/v1/analyse?person=-1", content=b"", headers={"content-type": "image/png"}).status_code == 422
        )


def test_what_is_asked_in_another_way_is_told_from_what_is_not_there(service: Service) -> None:
    with service.client() as client:
        answer = client.get("/v1/analyse")
        assert answer.status_code == 405
        assert "not asked in this way" in answer.json()["error"]
        assert client.get("/v1/nothing").status_code == 404
        form = {"content-type": "application/x-www-form-urlencoded"}  # what curl -d sends by itself
        answer = client.post("/v1/generate", content=b'{"source": "x", "pose": "walk"}', headers=form)
        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["error"]


def test_what_a_request_said_is_not_said_back(service: Service) -> None:
    with service.client() as client:
        answer = client.post("/v1/generate", json={"source": ["SECRET"], "pose": "SECRET" * 50})
        assert answer.status_code == 422
        assert "SECRET" not in answer.text
        deep = client.post("/v1/generate", content=b"[" * 100_000, headers={"content-type": "application/json"})
        assert deep.status_code in (400, 422)


def test_nobody_is_told_of_a_page_whose_weights_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "no.safetensors").write_bytes(b"no weights")
    told: list[str] = []
    with listen("127.0.0.1", 0) as listener, pytest.raises(InputError, match=r"no\.safetensors"):
        run(Settings(port=0, weights=tmp_path / "no.safetensors"), listener, lambda: told.append("opened"))
    assert not told


def test_sigterm_drains(weights: Path, tmp_path: Path) -> None:
    """The real command: a clip is given up, a request under way is answered, then everything ends, the worker too."""
    log = (tmp_path / "log").open("w+")
    command = [sys.executable, "-m", "rsagan", "web", "--port", "0", "--weights", str(weights)]
    process = subprocess.Popen(command, stderr=log, stdout=log)
    try:
        wait_for(lambda: "http://" in Path(log.name).read_text() or process.poll() is not None, 90)
        said = Path(log.name).read_text()
        if process.poll() is not None:
            assert "could not be had" in said, said  # an asset, here
            pytest.skip(said)
        url = re.search(r"http://\S+:\d+", said)[0]  # type: ignore[index]
        service = Service(url, None)

        def ready() -> bool:
            with service.client() as client:
                return client.get("/readyz").status_code == 200

        wait_for(ready, 90)
        source = hand_in(service)["source"]
        worker = int(subprocess.check_output(["pgrep", "-P", str(process.pid), "-f", "spawn_main"], text=True))
        os.kill(worker, signal.SIGSTOP)
        threads = ThreadPoolExecutor(2)
        answer = threads.submit(generate, service, source)
        with service.client() as client:
            clip = client.post("/v1/animate", json={"source": source, "poses": ["walk"] * 480}).json()
        events = threads.submit(httpx.get, f"{url}{clip['events']}", timeout=60)
        time.sleep(0.5)
        process.terminate()
        assert "event: cancelled" in events.result(10).text
        time.sleep(0.5)
        assert not answer.done()
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/healthz", timeout=5)
        os.kill(worker, signal.SIGCONT)
        assert answer.result(30).status_code == 200
        assert process.wait(30) in (0, -signal.SIGTERM)
        wait_for(lambda: not Path(f"/proc/{worker}").exists(), 10)
        assert source not in Path(log.name).read_text()
        assert "Traceback" not in Path(log.name).read_text()
    finally:
        process.kill()
        log.close()


def test_prepared_people_go_when_their_time_is_over(weights: Path) -> None:
    from rsagan.people import Person
    from rsagan.web.sources import Source, Sources

    def source() -> Source:
        picture = np.zeros((256, 176, 3), np.uint8)
        return Source(Person(picture, library.load("stand"), picture[..., 0].copy()), ({}, []))

    now = [0.0]
    size = source().bytes
    sources = Sources(most_bytes=3 * size, seconds=10, clock=lambda: now[0])
    for name in "abc":
        sources.put(name, source())
    assert sources.get("a")
    sources.put("d", source())  # b was used longest ago
    assert [bool(sources.get(name)) for name in "abcd"] == [True, False, True, True]
    assert sources.bytes == 3 * size
    now[0] = 6
    assert sources.get("a")
    now[0] = 12
    assert [bool(sources.get(name)) for name in "acd"] == [True, False, False]
    other = Sources(1, 1)
    assert sources.name(b"x") == sources.name(b"x") != other.name(b"x")
    assert sources.name(b"ab", b"c") != sources.name(b"a", b"bc")


def test_the_command_refuses_open_doors(capsys: pytest.CaptureFixture[str]) -> None:
    from rsagan.cli.main import main

    assert main(["web", "--host", "0.0.0.0"]) == 2
    assert "--token-file" in capsys.readouterr().err
