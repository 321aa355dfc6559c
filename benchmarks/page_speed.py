"""How well the page follows the hand on this machine, and whether the service stays awake while it is full.

    python benchmarks/page_speed.py --out page-speed.json

Previews a second with the shipped network: painted and encoded in one process alone (what the network allows), over
HTTP one after the other, and in Chromium while a joint is dragged, decoded and shown. The share is the last over the
first.
Then the worker is stopped, all places are taken, and `/healthz` is asked. Run it on a machine that does nothing else.
"""

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import torch
from playwright.sync_api import sync_playwright

import reports
from rsagan.data.parallel import usable_cores
from rsagan.people import Pose, library, to_json
from rsagan.web import Settings
from rsagan.web.studio import Studio

SAMPLE = "woman-walking"


def waved(pose: Pose, step: int) -> dict[str, Any]:
    """As JSON, a wrist moved a little, so that no two requests are alike."""
    told = to_json(pose)
    told["people"][0]["pose_keypoints_2d"][12] += 0.1 * (step % 50)
    return told


def a_second(paint: Callable[[int], object], seconds: float) -> float:
    """How often `paint` can be done, after three to warm up."""
    for step in range(3):
        paint(step)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        paint(count)
        count += 1
    return count / (time.perf_counter() - began)


def alone(seconds: float) -> float:
    """The studio's previews, with as many threads as the service's worker has."""
    torch.set_num_threads(max(1, usable_cores() - 1))
    settings = Settings()
    studio = Studio(None, settings.size, settings.cache_bytes, settings.cache_seconds)
    source = studio.sample(SAMPLE)[0]["source"]
    pose = library.load("walk")
    return a_second(lambda step: studio.preview(source, waved(pose, step)), seconds)


@contextmanager
def service() -> Iterator[tuple[str, int]]:
    """The real command; its address, and the worker's process."""
    command = [sys.executable, "-m", "rsagan", "web", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = None
            while found is None:
                line = process.stdout.readline()
                assert line, "the service did not start"
                found = re.search(r"http://\S+:\d+", line)
            until = time.monotonic() + 300
            while httpx.get(f"{found[0]}/readyz").status_code != 200:
                assert time.monotonic() < until, "the worker never started"
                time.sleep(0.2)
            children = psutil.Process(process.pid).children()
            yield found[0], next(one.pid for one in children if "spawn_main" in " ".join(one.cmdline()))
        finally:
            process.terminate()


def over_http(url: str, seconds: float) -> float:
    with httpx.Client(base_url=url, timeout=60) as client:
        source = client.post(f"/v1/samples/{SAMPLE}").json()["source"]
        pose = library.load("walk")

        def paint(step: int) -> None:
            asked = {"source": source, "pose": waved(pose, step), "preview": "hand"}
            client.post("/v1/generate", json=asked).raise_for_status()

        return a_second(paint, seconds)


def in_the_browser(url: str, seconds: float) -> float:
    """Pictures shown a second while a wrist is dragged round and round, sixty moves a second."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.get_by_role("button", name=f"Sample: {SAMPLE.replace('-', ' ')}").click()
        page.locator("#history button").wait_for()
        box = page.locator("#result-stage [data-joint='4']").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()

        def drag(how_long: float) -> float:
            before, began, moves = page.evaluate("rsagan.result.painter.painted"), time.perf_counter(), 0
            while (now := time.perf_counter()) - began < how_long:
                moves += 1
                page.mouse.move(x + 40 * (moves % 20) / 20, y - 60 * (moves % 30) / 30)
                time.sleep(max(0, 1 / 60 - (time.perf_counter() - now)))
            return (page.evaluate("rsagan.result.painter.painted") - before) / (time.perf_counter() - began)

        drag(1)
        rate = drag(seconds)
        page.mouse.up()
        browser.close()
    return rate


def health(url: str, worker: int, places: int) -> list[float]:
    """Milliseconds that `/healthz` takes while every place is taken and nothing is painted."""
    asked = {"source": "nobody", "pose": "walk"}
    with ThreadPoolExecutor(places) as crowd, httpx.Client(base_url=url, timeout=60) as client:
        os.kill(worker, signal.SIGSTOP)
        try:
            for _ in range(places):
                crowd.submit(httpx.post, f"{url}/v1/generate", json=asked, timeout=60)
            while f"rsagan_waiting {places}.0" not in client.get("/metrics").text:
                time.sleep(0.02)
            times = []
            for _ in range(100):
                began = time.perf_counter()
                client.get("/healthz").raise_for_status()
                times.append(1000 * (time.perf_counter() - began))
        finally:
            os.kill(worker, signal.SIGCONT)
    return times


def measure(seconds: float) -> dict[str, object]:
    load = os.getloadavg()[0]
    bare = alone(seconds)
    with service() as (url, worker):
        http, browser = over_http(url, seconds), in_the_browser(url, seconds)
        times = health(url, worker, Settings().places)
    return {
        "cores": os.cpu_count(),
        "load_average_before": round(load, 2),
        "previews_per_second": {"alone": round(bare, 1), "http": round(http, 1), "browser": round(browser, 1)},
        "share_in_the_browser": round(browser / bare, 2),
        "healthz_ms_while_full": {"median": round(statistics.median(times), 1), "most": round(max(times), 1)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each of the three")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    reports.tell(measure(arguments.seconds), arguments.out)


if __name__ == "__main__":
    main()
