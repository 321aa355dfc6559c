"""Takes the pictures of the page in docs/images, at desktop and phone width, light and dark.

    python tools/make_page_pictures.py http://127.0.0.1:8000

The address is that of a running `rsagan web`; Chromium and playwright are needed.
"""

import argparse
import io
import shutil
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
DEVICES: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 840}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 1.5,
        "has_touch": True,
        "is_mobile": True,
    },
}
SHOWN: dict[tuple[str, Literal["dark", "light"]], str] = {
    ("desk", "light"): "a pose",
    ("desk", "dark"): "animation",
    ("phone", "light"): "welcome",
    ("phone", "dark"): "a pose",
}


def result(page: Any, number: int, act: Any) -> None:
    act()
    page.locator("#history button").nth(number - 1).wait_for(timeout=120_000)


def lead(page: Any, shown: str) -> None:
    """From the start of the page to what the picture shows."""
    sample = page.get_by_role("button", name="Sample: woman walking")
    sample.locator("img[src]").wait_for()
    if shown == "welcome":
        return
    result(page, 1, sample.click)
    result(page, 2, page.get_by_role("button", name="walk left", exact=True).click)
    if shown == "animation":
        page.get_by_role("tab", name="Animate").click()
        for number, pose in enumerate(("walk left", "stand", "wave"), 2):
            if number > 2:
                page.get_by_role("tab", name="Poses").click()
                result(page, number, page.get_by_role("button", name=pose, exact=True).click)
                page.get_by_role("tab", name="Animate").click()
            page.get_by_role("button", name="Add this pose").click()
        page.get_by_role("button", name="Compare").click()
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0); document.activeElement.blur()")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of a running `rsagan web`")
    url = parser.parse_args().url
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for (device, scheme), shown in SHOWN.items():
            page = browser.new_context(color_scheme=scheme, **DEVICES[device]).new_page()
            page.goto(url)
            lead(page, shown)
            page.wait_for_timeout(1500)  # for what fades and moves
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            small = picture.quantize(256, dither=Image.Dither.NONE)
            small.save(IMAGES / f"web-{device}-{scheme}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
