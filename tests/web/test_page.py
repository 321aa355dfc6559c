"""The page in a real Chromium: clicks, drags, keys, touches, file drops."""

import base64
import contextlib
import io
import json
import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rsagan.people import from_json, read_parsing, read_person
from rsagan.people.picture import AI_NOTICE

from .conftest import PHOTO, Service, wait_for

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)

WALKING = PHOTO.with_name("woman-walking.jpg")
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
pytestmark = pytest.mark.usefixtures("analysis")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    camera = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    frame = io.BytesIO()
    Image.open(PHOTO).resize((480, 640)).save(frame, "JPEG")
    camera.write_bytes(frame.getvalue() * 10)
    arguments = [
        "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]  # fmt: skip
    with playwright.sync_playwright() as running:
        try:
            chromium = running.chromium.launch(executable_path=path, args=arguments)
        except playwright.Error as error:
            pytest.skip(f"no Chromium: apt install chromium, or playwright install chromium ({str(error)[:80]})")
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens the page in a context of its own; afterwards the console must be free of errors."""
    contexts, problems = [], []

    def opened(url: str, **options: Any) -> Any:
        context = browser.new_context(**{**DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.problems = problems
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def page(open_page: Callable[..., Any], service: Service) -> Any:
    """The page with a sample open."""
    return with_sample(open_page(service.url))


def with_sample(page: Any, name: str = "man standing") -> Any:
    page.get_by_role("button", name=f"Sample: {name}").click()
    expect(page.locator("#history button")).to_have_count(1)
    return page


def results(page: Any) -> int:
    return int(page.locator("#history button").count())


def another_result(page: Any, act: Callable[[], Any]) -> None:
    before = results(page)
    act()
    expect(page.locator("#history button").nth(before)).to_be_attached()


def target(page: Any) -> list[Any]:
    return page.evaluate("rsagan.result.pose")


def on_source(page: Any) -> list[Any]:
    return page.evaluate("rsagan.source.pose")


def middle(page: Any, stage: str, joint: int) -> tuple[float, float]:
    box = page.locator(f"#{stage} [data-joint='{joint}']").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, stage: str, joint: int, by: tuple[float, float], steps: int = 12) -> None:
    x, y = middle(page, stage, joint)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0], y + by[1], steps=steps)
    page.mouse.up()


def length(pose: list[Any], a: int, b: int) -> float:
    return float(np.hypot(*np.subtract(pose[a], pose[b])))


def drop(page: Any, where: str, path: Path, kind: str) -> None:
    data = base64.b64encode(path.read_bytes()).decode()
    page.evaluate(
        """([where, data, name, kind]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], name, { type: kind }));
            for (const type of ["dragenter", "dragover", "drop"]) {
                document.querySelector(where).dispatchEvent(
                    new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true }));
            }
        }""",
        [where, data, path.name, kind],
    )


def test_dragging_keeps_bone_lengths_and_paints(page: Any) -> None:
    before = target(page)
    another_result(page, lambda: drag(page, "result-stage", 7, (-40, -120)))
    after = target(page)
    assert after[7][1] < before[7][1] - 20
    for a, b in ((5, 6), (6, 7), (1, 5)):
        assert length(after, a, b) == pytest.approx(length(before, a, b), abs=0.01)
    assert after[4] == before[4]
    page.get_by_role("button", name="Lengths").click()
    another_result(page, lambda: drag(page, "result-stage", 7, (60, 60)))
    assert length(target(page), 6, 7) != pytest.approx(length(before, 6, 7), abs=1)


@pytest.mark.parametrize("joint", [1, 0, 2, 3, 8, 9, 10])
def test_every_kind_of_joint_keeps_its_bones(page: Any, joint: int) -> None:
    bones = [(2, 3), (3, 4), (5, 6), (8, 9), (9, 10), (1, 8), (1, 0), (1, 2)]
    before = target(page)
    moved = page.evaluate(
        "async (j) => (await import('./js/body.js')).pulled(rsagan.result.pose, j, "
        "[rsagan.result.pose[j][0] + 14, rsagan.result.pose[j][1] - 9], { height: 256, width: 176 })",
        joint,
    )
    assert moved != before
    for a, b in bones:
        assert length(moved, a, b) == pytest.approx(length(before, a, b), abs=0.01), (a, b)


def test_the_picture_follows_the_hand_and_becomes_sharp_on_release(page: Any) -> None:
    wide = "document.getElementById('result-picture').naturalWidth"
    assert page.evaluate(wide) == 176
    x, y = middle(page, "result-stage", 4)
    page.mouse.move(x, y)
    page.mouse.down()
    seen = set()
    for step in range(1, 4):
        painted = page.evaluate("rsagan.result.painter.painted")
        page.mouse.move(x - 12 * step, y - 30 * step)
        wait_for(lambda painted=painted: page.evaluate("rsagan.result.painter.painted") > painted)
        wait_for(lambda: page.evaluate(wide) == 88)
        seen.add(page.locator("#result-picture").get_attribute("src"))
    assert len(seen) == 3
    assert results(page) == 1
    another_result(page, page.mouse.up)
    assert page.evaluate(wide) == 176


def test_results_nobody_waits_for_are_given_up(page: Any, service: Service) -> None:
    given_up: list[str] = []
    page.on("requestfailed", lambda request: given_up.append(request.url))
    os.kill(service.worker, signal.SIGSTOP)
    try:
        for name in ("walk", "wave", "stand"):
            page.get_by_role("button", name=name, exact=True).click()
        wait_for(lambda: page.evaluate("true") and len(given_up) == 2)  # asking the page lets its events arrive
        wait_for(lambda: service.app.state.line.taken == 2)  # the one that runs already, and the last
    finally:
        os.kill(service.worker, signal.SIGCONT)
    expect(page.locator("[data-name='stand']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#history button")).to_have_count(2)


def test_stale_previews_are_dropped_and_the_last_pose_wins(page: Any) -> None:
    asked: list[Any] = []
    page.on("request", lambda r: asked.append(r.post_data_json) if r.url.endswith("/v1/generate") else None)
    under_way = {"now": 0, "most": 0}

    def began(request: Any) -> None:
        if request.url.endswith("/v1/generate") and request.post_data_json.get("preview"):
            under_way["now"] += 1
            under_way["most"] = max(under_way["most"], under_way["now"])

    def ended(request: Any) -> None:
        if request.url.endswith("/v1/generate") and request.post_data_json.get("preview"):
            under_way["now"] -= 1

    page.on("request", began)
    page.on("requestfinished", ended)
    another_result(page, lambda: drag(page, "result-stage", 4, (-50, -150), steps=120))
    previews = [one for one in asked if one.get("preview")]
    assert 1 <= len(previews) < 120
    assert under_way["most"] == 1
    last = asked[-1]
    assert not last.get("preview")
    np.testing.assert_allclose(last["pose"]["people"][0]["pose_keypoints_2d"][12:14], target(page)[4], atol=0.01)


def test_undo_redo_mirror_reset(page: Any) -> None:
    start = target(page)
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    mirrored = target(page)
    assert mirrored[4][0] == pytest.approx(175 - start[7][0], abs=0.01)
    another_result(page, lambda: drag(page, "result-stage", 4, (30, -60)))
    dragged = target(page)
    another_result(page, lambda: page.keyboard.press("Control+z"))
    assert target(page) == mirrored
    another_result(page, lambda: page.get_by_role("button", name="Undo").click())
    assert target(page) == start
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    another_result(page, lambda: page.keyboard.press("Control+Shift+z"))
    another_result(page, lambda: page.keyboard.press("Control+y"))
    assert target(page) == dragged
    another_result(page, lambda: page.get_by_role("button", name="Reset the pose").click())
    assert target(page) == start


def test_photos_come_by_dialog_drop_and_paste(open_page: Callable[..., Any], service: Service) -> None:
    page = open_page(service.url)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files(PHOTO)
    expect(page.locator("#history button")).to_have_count(1)
    first = on_source(page)
    drop(page, "#source-card", WALKING, "image/jpeg")
    wait_for(lambda: on_source(page) != first)
    expect(page.locator("#history button")).to_have_count(1)
    page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true }));
        }""",
        base64.b64encode(PHOTO.read_bytes()).decode(),
    )
    wait_for(lambda: on_source(page) == first)


def test_a_photo_is_taken_with_the_camera(open_page: Callable[..., Any], service: Service) -> None:
    page = open_page(service.url, permissions=["camera"])
    page.clock.install()
    page.get_by_role("button", name="Take one").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    assert page.evaluate("document.getElementById('camera-video').videoWidth") == 480
    page.get_by_role("button", name="Cancel").click()
    wait_for(lambda: page.evaluate("document.getElementById('camera-video').srcObject") is None)
    page.get_by_role("button", name="Take one").click()
    page.get_by_role("button", name="In 5 seconds").click()
    expect(page.locator("#camera-count")).to_have_text("5")
    page.clock.run_for(5100)
    expect(page.locator("#camera-dialog")).to_be_hidden()
    expect(page.locator("#history button")).to_have_count(1)
    assert on_source(page)[1] is not None


def test_without_a_camera_that_is_said(open_page: Callable[..., Any], service: Service) -> None:
    page = open_page(service.url)
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('refused')); }")
    page.get_by_role("button", name="Take one").click()
    expect(page.get_by_role("alert")).to_contain_text("choose a photo")
    expect(page.locator("#camera-dialog")).to_be_hidden()


def test_pictures_of_nobody_are_told_plainly(open_page: Callable[..., Any], service: Service, tmp_path: Path) -> None:
    Image.new("RGB", (300, 400), "grey").save(tmp_path / "grey.png")
    (tmp_path / "text.txt").write_text("no picture")
    page = open_page(service.url)
    drop(page, "body", tmp_path / "text.txt", "text/plain")
    expect(page.locator("#toasts")).to_contain_text("JPEG, PNG or WebP")
    drop(page, "body", tmp_path / "grey.png", "image/png")
    expect(page.locator("#toasts")).to_contain_text("No person was found")
    expect(page.locator("#welcome")).to_be_visible()
    assert [problem for problem in page.problems if "422" not in problem] == []
    page.problems.clear()  # the browser itself reports the status


def test_joints_of_the_photo_are_corrected(page: Any) -> None:
    handed_in: list[Any] = []
    page.on("request", lambda r: handed_in.append(r.post_data_json) if r.url.endswith("/v1/person") else None)
    found = on_source(page)
    page.get_by_role("button", name="Move", exact=True).click()
    another_result(page, lambda: drag(page, "source-stage", 4, (20, 30)))
    assert on_source(page)[4] != found[4]
    assert on_source(page)[3] == found[3]
    another_result(page, lambda: page.keyboard.press("Delete"))
    assert on_source(page)[4] is None
    another_result(page, lambda: page.get_by_role("button", name="Bring right wrist back").click())
    assert on_source(page)[4] == found[4]
    x, y = middle(page, "source-stage", 7)
    another_result(page, lambda: page.mouse.dblclick(x, y))
    assert on_source(page)[7] is None
    another_result(page, lambda: page.keyboard.press("Control+z"))
    assert on_source(page)[7] == found[7]
    assert handed_in[1]["pose"]["people"][0]["pose_keypoints_2d"][12:15] == [0, 0, 0]


def test_regions_are_painted(page: Any) -> None:
    labels = "Array.from(rsagan.source.regions.labels)"
    before = page.evaluate(labels)
    page.get_by_role("button", name="Paint", exact=True).click()
    for name in page.evaluate("rsagan.source.regions.names"):
        expect(page.get_by_role("radio", name=name)).to_have_text(name)
    page.get_by_role("radio", name="dress").click()
    page.get_by_role("slider", name="Brush").fill("20")
    box = page.locator("#regions").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def stroke() -> None:
        page.mouse.move(x - 30, y)
        page.mouse.down()
        page.mouse.move(x + 30, y, steps=6)
        page.mouse.up()

    another_result(page, stroke)
    painted = np.array(page.evaluate(labels))
    assert (painted[np.array(before) != painted] == 5).all()
    assert (painted == 5).sum() > 300
    another_result(page, lambda: page.keyboard.press("Control+z"))
    assert page.evaluate(labels) == before
    page.locator("#regions").focus()
    page.keyboard.press("ArrowUp")
    another_result(page, lambda: page.keyboard.press("Space"))
    assert page.evaluate(labels) != before


def test_a_correction_made_while_another_is_handed_in_is_not_lost(page: Any) -> None:
    handed_in: list[str] = []
    page.on("request", lambda r: handed_in.append(r.url) if r.url.endswith("/v1/person") else None)
    page.evaluate("""async () => {
        const source = rsagan.source;
        source.dirty = true;
        const first = source.ask(false);
        source.dirty = true;
        await first;
        await source.ask(false);
        await source.ask(false);  // now it is known
    }""")
    assert len(handed_in) == 2
    page.route("**/v1/person", lambda route: route.abort())
    failed = """async () => {
        rsagan.source.dirty = true;
        try { await rsagan.source.ask(false); } catch { return rsagan.source.dirty; }
    }"""
    assert page.evaluate(failed) is True
    page.unroute("**/v1/person")
    assert page.evaluate("rsagan.source.ask(false)")
    assert len(handed_in) == 4
    page.problems.clear()  # the browser itself reports what was cut off


def test_one_of_several_people_is_chosen(open_page: Callable[..., Any], service: Service, tmp_path: Path) -> None:
    left, right = (Image.open(path).convert("RGB").resize((480, 640)) for path in (PHOTO, WALKING))
    both = Image.new("RGB", (960, 640))
    both.paste(left, (0, 0))
    both.paste(right, (480, 0))
    both.save(tmp_path / "both.png")
    page = open_page(service.url)
    drop(page, "body", tmp_path / "both.png", "image/png")
    expect(page.locator("#people button")).to_have_count(2)
    expect(page.locator("#history button")).to_have_count(1)
    first = on_source(page)
    page.get_by_role("radio", name="Person 2 of 2").click()
    wait_for(lambda: on_source(page) != first)
    expect(page.get_by_role("radio", name="Person 2 of 2")).to_be_checked()
    second = on_source(page)

    # A photo of nobody changes nothing; the people of the one before can still be chosen, by keys too.
    Image.new("RGB", (300, 400), "grey").save(tmp_path / "grey.png")
    drop(page, "body", tmp_path / "grey.png", "image/png")
    expect(page.get_by_role("alert")).to_contain_text("No person was found")
    assert on_source(page) == second
    page.get_by_role("radio", name="Person 2 of 2").press("ArrowLeft")
    wait_for(lambda: on_source(page) == first)
    expect(page.get_by_role("radio", name="Person 1 of 2")).to_be_focused()
    page.problems.clear()  # the browser itself reports the status 422


def test_a_late_result_does_not_replace_the_one_gone_back_to(page: Any) -> None:
    start = target(page)
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    held: list[Any] = []
    page.route("**/v1/generate", lambda route: held.append(route))
    drag(page, "result-stage", 4, (30, -60))
    page.wait_for_timeout(300)
    assert held
    page.get_by_role("button", name="Result 1, back to it").click()
    page.unroute("**/v1/generate")
    for route in held:
        with contextlib.suppress(playwright.Error):  # given up meanwhile
            route.continue_()
    page.wait_for_timeout(1500)
    first = page.evaluate("rsagan.result.made.at(-1).pose")
    assert target(page) == page.evaluate("rsagan.result.result.pose") == first
    np.testing.assert_allclose(first[4], start[4], atol=0.01)
    expect(page.locator("#result-frame")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#history button")).to_have_count(2)
    page.problems.clear()


def test_reset_leads_to_the_pose_of_the_result_gone_back_to(page: Any) -> None:
    for name in ("walk", "sit"):
        another_result(page, lambda name=name: page.get_by_role("button", name=name, exact=True).click())
    page.get_by_role("button", name="Result 2, back to it").click()
    walk = target(page)
    another_result(page, lambda: drag(page, "result-stage", 4, (30, -60)))
    another_result(page, lambda: page.get_by_role("button", name="Reset the pose").click())
    assert target(page) == walk


def test_poses_come_from_the_library_and_from_other_photos(page: Any, tmp_path: Path) -> None:
    own = target(page)
    page.get_by_label("Find a pose").fill("hands hips")
    expect(page.locator("#library button:visible")).to_have_count(2)
    page.get_by_label("Find a pose").fill("somersault on the moon")
    expect(page.get_by_text("No pose is called that")).to_be_visible()
    page.get_by_label("Find a pose").fill("hands hips")
    another_result(page, lambda: page.get_by_role("button", name="hands on hips", exact=True).click())
    library = target(page)
    assert library != own
    expect(page.locator("[data-name='hands-on-hips']")).to_have_attribute("aria-pressed", "true")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="From a photo").click()
    another_result(page, lambda: chooser.value.set_files(WALKING))
    walking = target(page)
    assert walking != library
    assert on_source(page) == own
    another_result(page, lambda: drop(page, "#result-frame", PHOTO, "image/jpeg"))
    assert target(page) != walking
    assert on_source(page) == own
    pose = {"height": 256, "width": 176, "people": [{"pose_keypoints_2d": [v for p in own for v in (*(p or (0, 0)), bool(p) * 1)]}]}  # fmt: skip  # noqa: E501
    for written in (pose, [pose]):  # a list as editors of skeletons write it
        (tmp_path / "pose.json").write_text(json.dumps(written))
        another_result(page, lambda: drop(page, "#result-frame", tmp_path / "pose.json", "application/json"))
    (tmp_path / "pose.json").write_text("no pose")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="From a photo").click()
    chooser.value.set_files(tmp_path / "pose.json")
    expect(page.get_by_role("alert")).to_contain_text("not a pose")


def test_back_from_choosing_a_new_photo(page: Any) -> None:
    before = target(page)
    page.get_by_role("button", name="New photo").click()
    expect(page.get_by_role("button", name="Choose a photo")).to_be_focused()
    page.get_by_role("button", name="Back to the pictures").click()
    expect(page.locator("#result-stage")).to_be_visible()
    assert target(page) == before


def test_what_it_is_for_is_said_and_results_are_marked(page: Any) -> None:
    expect(page.get_by_text("Use photos of people who agreed to it")).to_be_visible()
    expect(page.locator("#result-frame").get_by_text("AI-generated")).to_be_visible()
    expect(page.get_by_role("img", name="The person in the new pose, AI-generated")).to_be_visible()


def test_results_are_compared_kept_and_saved(page: Any, tmp_path: Path) -> None:
    another_result(page, lambda: page.get_by_role("button", name="walk", exact=True).click())
    walking = target(page)
    page.get_by_role("button", name="Compare").click()
    box = page.locator("#result-frame").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 90, steps=5)
    page.mouse.up()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    clip = "getComputedStyle(document.getElementById('compare-picture')).clipPath"
    shown = 100 - float(page.evaluate(clip).split()[1].rstrip("%"))
    assert shown == pytest.approx(30, abs=2)
    expect(page.locator("#result-stage")).to_be_hidden()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#result-stage")).to_be_visible()
    another_result(page, lambda: page.get_by_role("button", name="wave", exact=True).click())

    file = saved(page, "Picture PNG", tmp_path)
    assert file.name == "man-standing-wave.png"
    picture = Image.open(file)
    assert picture.size == (176, 256)
    assert AI_NOTICE in picture.text["Description"]
    file = saved(page, "Pose JSON", tmp_path)
    assert file.name == "man-standing-wave.json"
    pose = from_json(json.loads(file.read_text()))
    np.testing.assert_allclose(pose.points[4], target(page)[4], atol=0.01)
    assert pose.facing is None
    file = saved(page, "Regions PNG", tmp_path)
    assert file.name == "man-standing-wave-regions.png"
    assert read_parsing(file).shape == (256, 176)
    file = saved(page, "Person ZIP", tmp_path)
    assert file.name == "man-standing-person.zip"
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "person")
    person = read_person(tmp_path / "person")
    np.testing.assert_allclose(person.pose.points[1], on_source(page)[1], atol=0.01)
    assert person.pose.facing == "front"

    page.get_by_role("button", name="Result 2, back to it").click()
    assert target(page) == walking
    assert saved(page, "Picture PNG", tmp_path).name == "man-standing-walk.png"


def saved(page: Any, item: str, folder: Path) -> Path:
    """What the menu *Save* gives, under the name it gives."""
    page.locator("#save summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=item).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_which_way_the_person_faces_goes_along(open_page: Callable[..., Any], service: Service, tmp_path: Path) -> None:
    page = with_sample(open_page(service.url), "woman walking")
    facing = page.evaluate("rsagan.source.pose.facing")
    assert facing in ("left", "right")

    def told() -> str | None:
        return from_json(json.loads(saved(page, "Pose JSON", tmp_path).read_text())).facing

    assert told() == facing
    another_result(page, lambda: drag(page, "result-stage", 4, (20, -20)))
    assert told() == facing
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    assert {facing, told()} == {"left", "right"}
    another_result(page, lambda: page.get_by_role("button", name="walk", exact=True).click())
    assert told() is None
    another_result(page, lambda: drop(page, "#result-frame", WALKING, "image/jpeg"))
    assert told() == facing


def test_files_are_named_after_the_photo_and_the_pose(
    open_page: Callable[..., Any], service: Service, tmp_path: Path
) -> None:
    page = open_page(service.url)
    photo = tmp_path / "Été à Nice: 2/7 (final).v2.jpg".replace("/", "_")
    shutil.copy(PHOTO, photo)
    drop(page, "body", photo, "image/jpeg")
    expect(page.locator("#history button")).to_have_count(1)
    expect(page.locator("#pose-name")).to_contain_text("as on the photo: choose another")
    assert saved(page, "Picture PNG", tmp_path).name == "Été-à-Nice-2-7-final-v2-own-pose.png"
    another_result(page, lambda: page.get_by_role("button", name="hands on hips", exact=True).click())
    expect(page.locator("#pose-name")).to_have_text("hands on hips")
    another_result(page, lambda: drag(page, "result-stage", 4, (20, -20)))
    expect(page.locator("#pose-name")).to_have_text("hands on hips, changed")
    assert saved(page, "Pose JSON", tmp_path).name == "Été-à-Nice-2-7-final-v2-hands-on-hips-changed.json"
    another_result(page, lambda: page.get_by_role("button", name="Undo").click())
    expect(page.locator("#pose-name")).to_have_text("hands on hips")
    page.get_by_role("button", name="Result 1, back to it").click()
    expect(page.locator("#pose-name")).to_contain_text("as on the photo: choose another")
    named = "(async () => (await import('./js/ui.js')).plain(%s, 'photo'))()"
    for given in ("undefined", "''", "'.jpg'", "'../..'"):
        assert page.evaluate(named % given) == "photo"
    assert len(page.evaluate(named % f"'{'long' * 50}'")) == 40


def test_the_joints_of_the_new_pose_are_put_away_and_come_back(page: Any) -> None:
    stage, joints = page.locator("#result-stage"), page.locator("#result-joints")
    start = target(page)
    joints.click()
    expect(stage).to_be_hidden()
    expect(joints).to_have_attribute("aria-pressed", "false")
    x, y = (value for value in middle(page, "result-stage", 7))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 20, y - 40, steps=4)
    page.mouse.up()
    assert target(page) == start
    another_result(page, lambda: page.get_by_role("button", name="walk", exact=True).click())
    expect(stage).to_be_hidden()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Compare").click()
    expect(stage).to_be_hidden()
    joints.click()
    expect(stage).to_be_visible()
    walk = target(page)
    another_result(page, lambda: drag(page, "result-stage", 7, (-20, -40)))
    assert target(page) != walk


def test_results_are_shown_before_the_photo(page: Any) -> None:
    asked: list[tuple[str, Any]] = []
    page.on("request", lambda r: asked.append((r.url.rpartition("/")[2], r.post_data_json)) if r.post_data else None)
    keep, plain = (page.get_by_role("radio", name=name) for name in ("The photo's", "Plain"))
    expect(plain).to_be_checked()
    another_result(page, keep.click)
    assert asked.pop()[1]["background"] == "keep"
    expect(keep).to_be_checked()
    expect(page.locator("#pose-name")).to_contain_text("as on the photo")
    another_result(page, lambda: drag(page, "result-stage", 4, (20, -40)))
    assert {one["background"] for name, one in asked if name == "generate"} == {"keep"}
    # A corrected person brings the photo along.
    page.get_by_role("button", name="Move", exact=True).click()
    another_result(page, lambda: drag(page, "source-stage", 4, (10, 10)))
    photo = next(one for name, one in asked if name == "person")["photo"]
    assert Image.open(io.BytesIO(base64.b64decode(photo))).size == (176, 256)
    # Frames of the one background are not played before the other; going back brings the background back as well.
    page.evaluate("rsagan.timeline.frames.set('a pose', 'a frame')")
    page.get_by_role("button", name="Result 3, back to it").click()
    expect(keep).to_be_checked()
    assert page.evaluate("rsagan.timeline.frames.size") == 1
    page.get_by_role("button", name="Result 1, back to it").click()
    expect(plain).to_be_checked()
    assert page.evaluate("rsagan.timeline.frames.size") == 0
    another_result(page, lambda: plain.press("ArrowRight"))
    expect(keep).to_be_focused()
    keep.click()
    asked.clear()
    page.evaluate("() => { rsagan.timeline.add(); rsagan.timeline.add(); }")
    page.get_by_role("tab", name="Animate").click()
    page.get_by_label("Seconds between").fill("0.25")
    page.get_by_role("button", name="Export MP4").click()
    expect(page.locator("#clip-video")).to_be_visible()
    assert next(one for name, one in asked if name == "animate")["background"] == "keep"


def test_results_are_shown_before_a_picture(page: Any, tmp_path: Path) -> None:
    asked: list[tuple[str, Any]] = []

    def note(request: Any) -> None:
        name = request.url.rpartition("/")[2]
        asked.append((name, None if name == "scene" else request.post_data_json))

    page.on("request", lambda request: note(request) if request.method == "POST" else None)
    for name, colour in (("beach", "gold"), ("wall", "grey")):
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "wall.png").read_bytes()[:60])
    choose, picture = (
        page.get_by_role("button", name="A picture of your own"),
        page.get_by_role("radio", name="A picture"),
    )
    expect(picture).to_have_count(0)

    def give(name: str) -> None:
        with page.expect_file_chooser() as chooser:
            choose.press("Enter")
        chooser.value.set_files(tmp_path / f"{name}.png")

    give("broken")
    expect(page.get_by_role("alert")).to_contain_text("The background is damaged or cut short")
    expect(picture).to_have_count(0)
    page.problems.clear()  # the browser itself reports the 422
    assert page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")  # true: nobody asks
    another_result(page, lambda: give("beach"))
    expect(picture).to_be_checked()
    assert not page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    beach = asked[-1][1]["background"]
    assert len(beach) == 32
    # By keys away from it and back.
    another_result(page, lambda: picture.press("ArrowRight"))
    expect(page.get_by_role("radio", name="Plain")).to_be_focused()
    assert asked[-1][1]["background"] == "plain"
    another_result(page, lambda: page.keyboard.press("ArrowLeft"))
    expect(picture).to_be_focused()
    assert asked[-1][1]["background"] == beach
    # Another one; going back brings the first back.
    another_result(page, lambda: give("wall"))
    expect(picture).to_have_attribute("title", "wall.png")
    assert asked[-1][1]["background"] not in ("plain", beach)
    page.get_by_role("button", name="Result 2, back to it").click()
    expect(picture).to_have_attribute("title", "beach.png")
    expect(picture).to_be_checked()
    # One that was let go is handed in again, and the animation has it, too.
    asked.clear()
    gone = {"error": "There is no such background, or not any more."}
    page.route("**/v1/generate", lambda route: route.fulfill(status=404, json=gone), times=1)
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    assert sorted(name for name, _ in asked) == ["generate", "generate", "man-standing", "scene"]
    assert asked[-1][1]["background"] == beach
    page.problems.clear()  # the browser itself reports the 404
    page.evaluate("() => { rsagan.timeline.add(); rsagan.timeline.add(); }")
    page.get_by_role("tab", name="Animate").click()
    page.get_by_label("Seconds between").fill("0.25")
    page.get_by_role("button", name="Export MP4").click()
    expect(page.locator("#clip-video")).to_be_visible()
    assert next(one for name, one in asked if name == "animate")["background"] == beach


@pytest.mark.parametrize("size", [(390, 560), (900, 700)])
def test_a_pose_chosen_far_below_shows_its_picture(
    open_page: Callable[..., Any], service: Service, size: tuple[int, int]
) -> None:
    page = with_sample(open_page(service.url, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"))
    frame = "(({ top, bottom }) => [top, innerHeight - bottom])(document.getElementById('result-frame').getBoundingClientRect())"  # noqa: E501

    def chosen(button: Any) -> None:
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert min(page.evaluate(frame)) < 0
        button.evaluate("(one) => one.click()")  # where it is, without the scrolling of a test's own click

    another_result(page, lambda: chosen(page.locator("#library button").last))
    assert min(page.evaluate(frame)) >= -1
    chosen(page.locator("#history button").last)
    assert min(page.evaluate(frame)) >= -1


def test_an_animation_is_played_and_exported(page: Any, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    page.get_by_role("tab", name="Animate").click()
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    page.get_by_role("button", name="Add this pose").click()
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    page.get_by_role("button", name="Add this pose").click()
    page.get_by_label("Seconds between").fill("0.5")
    keys = page.evaluate("rsagan.timeline.keys")
    page.get_by_role("button", name="Move keyframe 2 earlier").click()
    assert page.evaluate("rsagan.timeline.keys") == keys[::-1]
    page.get_by_role("button", name="Show keyframe 1").click()

    page.get_by_role("button", name="Play").click()
    wait_for(lambda: page.evaluate("rsagan.timeline.frames.size") >= 8)
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("rsagan.result.stage.pose") == target(page)
    # Who takes hold of the skeleton while it plays has it.
    page.get_by_role("button", name="Play").click()
    another_result(page, lambda: drag(page, "result-stage", 1, (10, 0)))
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert page.evaluate("rsagan.result.stage.pose") == target(page)

    page.get_by_role("button", name="Export MP4").click()
    expect(page.locator("#clip-video")).to_be_visible()
    wait_for(lambda: page.evaluate("document.getElementById('clip-video').duration") > 0.5)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the clip").click()
    assert download.value.suggested_filename == "man-standing-clip.mp4"
    download.value.save_as(tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert AI_NOTICE in clip.metadata["comment"]
        assert sum(1 for _ in clip.decode(video=0)) == 12

    # A long one is given up halfway.
    page.get_by_label("Seconds between").fill("2")
    page.get_by_role("button", name="Export MP4").click()
    wait_for(lambda: page.evaluate("document.getElementById('export-bar').value") > 0)
    page.get_by_role("button", name="Give the export up").click()
    expect(page.locator("#toasts")).to_contain_text("given up")
    expect(page.locator("#clip-video")).to_be_hidden()
    # One is taken away while it plays: it stops, and the page still answers.
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Remove keyframe 2").click()
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    assert page.evaluate("rsagan.timeline.playing") is None


def added_keys(page: Any, seconds: str = "0.5") -> None:
    """Two keyframes."""
    page.get_by_role("tab", name="Animate").click()
    page.get_by_role("button", name="Add this pose").click()
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    page.get_by_role("button", name="Add this pose").click()
    page.get_by_label("Seconds between").fill(seconds)


def test_a_run_that_was_stopped_does_not_disturb_the_next(page: Any) -> None:
    added_keys(page)
    held: list[Any] = []
    page.route("**/v1/generate", lambda route: held.append(route))
    page.get_by_role("button", name="Play").click()
    wait_for(lambda: page.evaluate("true") and len(held) == 1)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Play").click()
    wait_for(lambda: page.evaluate("true") and len(held) == 2)
    held[0].fulfill(status=409, json={"error": "A newer preview took this one's place."})
    page.wait_for_timeout(300)
    assert page.evaluate("rsagan.timeline.playing !== null")
    # The person is corrected while a frame is under way: it shows somebody else, and is not kept.
    page.evaluate("rsagan.timeline.forget()")
    held[1].fulfill(status=200, content_type="image/jpeg", body=PHOTO.read_bytes())
    page.wait_for_timeout(300)
    assert page.evaluate("rsagan.timeline.frames.size") == 0
    expect(page.get_by_role("alert")).to_have_count(0)
    page.unroute("**/v1/generate")
    # One that the service would not make is refused in seconds, not in its own words for lists.
    page.get_by_label("Seconds between").fill("2")
    page.evaluate("() => { for (let k = 0; k < 20; k += 1) rsagan.timeline.add(); }")
    page.get_by_role("button", name="Export MP4").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 40 seconds, this one 44")
    page.problems.clear()  # the browser itself reports the 409


def test_a_corrected_sample_that_was_let_go_is_handed_in_again_as_corrected(page: Any) -> None:
    asked: list[str] = []
    page.get_by_role("button", name="Move", exact=True).click()
    another_result(page, lambda: drag(page, "source-stage", 4, (20, 30)))
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]) if "/v1/" in request.url else None)
    gone = {"error": "The person is not kept any more; send it again."}
    page.route("**/v1/generate", lambda route: route.fulfill(status=404, json=gone), times=1)
    another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
    assert asked == ["generate", "person", "generate"]
    page.problems.clear()  # the browser itself reports the 404


def test_what_was_painted_of_another_photo_is_not_shown_for_this_one(page: Any) -> None:
    page.route("**/v1/generate", lambda route: route.fulfill(status=422, json={"error": "It cannot be painted."}))
    page.get_by_role("button", name="New photo").click()
    page.get_by_role("button", name="Sample: woman walking").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be painted")
    assert page.locator("#result-picture").get_attribute("src") is None
    page.locator("#save summary").click()
    page.get_by_role("button", name="Picture PNG").click()
    expect(page.locator("#toasts")).to_contain_text("nothing to save")
    page.problems.clear()


def test_a_pose_chosen_while_a_photo_is_looked_at_stays(page: Any) -> None:
    held: list[Any] = []
    page.route("**/v1/analyse", lambda route: held.append(route))
    drop(page, "#result-frame", WALKING, "image/jpeg")
    wait_for(lambda: page.evaluate("true") and len(held) == 1)
    another_result(page, lambda: page.get_by_role("button", name="walk", exact=True).click())
    walk = target(page)
    with page.expect_response("**/v1/analyse"):
        held[0].continue_()
    page.wait_for_timeout(500)
    assert target(page) == walk
    expect(page.locator("#history button")).to_have_count(2)
    expect(page.locator("#result-working")).to_be_hidden()


def test_a_held_arrow_is_one_change_and_a_second_finger_none(page: Any) -> None:
    start = target(page)
    handle = page.locator("#result-stage [data-joint='4']")
    handle.focus()

    def hold() -> None:
        for _ in range(20):
            page.keyboard.down("ArrowUp")
        page.keyboard.up("ArrowUp")

    another_result(page, hold)
    assert target(page)[4][1] < start[4][1] - 5
    assert page.evaluate("rsagan.undo.past.length") == 1
    page.evaluate(
        """() => {
            const stage = document.getElementById("result-stage");
            stage.setPointerCapture = () => {};
            const box = stage.getBoundingClientRect();
            const scale = box.width / 176;
            const send = (type, id, [x, y]) => stage.dispatchEvent(new PointerEvent(type, {
                pointerId: id, isPrimary: id === 1, pointerType: "touch", button: 0, bubbles: true, cancelable: true,
                clientX: box.left + (x + 0.5) * scale, clientY: box.top + (y + 0.5) * scale }));
            const at = (joint) => rsagan.result.stage.pose[joint];
            const [wrist, other] = [[...at(4)], [...at(7)]];
            send("pointerdown", 1, wrist);
            send("pointerdown", 2, other);
            send("pointermove", 2, [other[0], other[1] + 30]);
            send("pointerup", 2, other);
            send("pointermove", 1, [wrist[0] + 1, wrist[1]]);
            send("pointerup", 1, wrist);
        }"""
    )
    np.testing.assert_allclose(target(page)[7], start[7], atol=0.01)
    assert page.locator("#result-stage .held").count() == 0


def test_erasing_is_undone_and_leaving_is_asked_about(page: Any) -> None:
    picture = (
        "Array.from(rsagan.source.regions.picture.data).reduce((sum, value, i) => (sum + value * (i % 997)) % 1e9, 0)"
    )
    assert page.evaluate("rsagan.source.regions.size") == float(page.locator("#brush").input_value())
    before = page.evaluate(picture)
    page.get_by_role("button", name="Paint", exact=True).click()
    page.get_by_role("radio", name="background").click()
    page.evaluate(  # as around hair: background, yet softly shown
        """() => {
            const { labels, width } = rsagan.source.regions;
            labels.forEach((_, i) => Math.hypot((i % width) - 88, Math.floor(i / width) - 128) < 12 && (labels[i] = 0));
        }"""
    )
    page.locator("#regions").focus()
    another_result(page, lambda: page.keyboard.press("Space"))
    assert page.evaluate(picture) != before
    another_result(page, lambda: page.keyboard.press("Control+z"))
    assert page.evaluate(picture) == before
    page.keyboard.press("Control+Shift+z")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator("header .mark").click()
    wait_for(lambda: page.evaluate("true") and asked == ["beforeunload"])


def test_leaving_a_photo_of_ones_own_is_asked_about_and_a_sample_is_not(page: Any) -> None:
    left: list[str] = []
    page.on("dialog", lambda dialog: (left.append(dialog.type), dialog.dismiss()))
    leave = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"  # true: nobody asks
    assert page.evaluate(leave)
    drop(page, "#source-card", WALKING, "image/jpeg")
    expect(page.locator("#history button")).to_have_count(1)
    wait_for(lambda: page.evaluate("rsagan.source.called") == "woman-walking")
    assert not page.evaluate(leave)
    page.locator("header .mark").click()
    wait_for(lambda: page.evaluate("true") and left == ["beforeunload"])


def test_what_a_proxy_or_a_cut_connection_leaves_is_a_sentence(page: Any) -> None:
    """Not the browser's words for it."""
    told = """async ([status, cut]) => {
        const body = cut ? new ReadableStream({ start: (way) => way.error(new TypeError("network error")) }) : "<html>";
        window.fetch = async () => new Response(body, { status });
        const api = await import("./js/api.js");
        const failed = (error) => error.message;
        return [await api.get("/v1/about").catch(failed), await api.follow("/v1/about", () => {}).catch(failed)];
    }"""
    for status, word in ((413, "24 MiB"), (502, "cannot be reached"), (504, "too long"), (500, "failed")):
        assert all(word in sentence for sentence in page.evaluate(told, [status, False]))
    assert all("does not answer" in sentence for sentence in page.evaluate(told, [200, True]))


def test_keys_alone_suffice(open_page: Callable[..., Any], service: Service) -> None:
    page = open_page(service.url)
    page.get_by_role("button", name="Sample: man standing").press("Enter")
    expect(page.locator("#history button")).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#result-stage') !== null"):
            break
    assert page.evaluate("document.activeElement.dataset.joint") == "1"
    page.keyboard.press(".")
    assert page.evaluate("document.activeElement.dataset.joint") == "2"
    page.keyboard.press(".")
    page.keyboard.press(".")
    assert "right wrist" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    before = target(page)
    another_result(page, lambda: page.keyboard.press("Shift+ArrowUp"))
    assert target(page)[4] != before[4]
    another_result(page, lambda: page.keyboard.press("Delete"))
    assert target(page)[4] is None
    assert page.locator("#result-stage").get_attribute("role") == "application"
    expect(page.locator("#say")).to_have_text("The new picture is ready.")
    page.get_by_role("tab", name="Poses").press("ArrowRight")
    expect(page.get_by_role("tab", name="Animate")).to_be_focused()
    page.get_by_role("button", name="Add this pose").press("Enter")
    expect(page.locator("#say")).to_have_text("Keyframe 1 added.")
    page.locator("#save summary").press("Enter")
    expect(page.get_by_role("button", name="Picture PNG")).to_be_visible()
    page.get_by_role("button", name="Picture PNG").press("Escape")
    expect(page.get_by_role("button", name="Picture PNG")).to_be_hidden()
    expect(page.locator("#save summary")).to_be_focused()


def test_fingers_on_a_phone(open_page: Callable[..., Any], service: Service) -> None:
    page = open_page(service.url, **PHONE)
    page.get_by_role("button", name="Sample: man standing").tap()
    expect(page.locator("#history button")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = target(page)
    x, y = middle(page, "result-stage", 4)
    touch = page.context.new_cdp_session(page)

    def finger() -> None:
        at = {"x": x, "y": y}
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
        for step in range(1, 6):
            at = {"x": x - 6 * step, "y": y - 14 * step}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    another_result(page, finger)
    assert target(page)[4][1] < before[4][1] - 5
    page.wait_for_timeout(500)  # a tap right after a lifted finger is swallowed by the browser
    page.get_by_role("tab", name="Photo").tap()
    expect(page.locator("#source-picture")).to_be_visible()
    expect(page.locator("#result-picture")).to_be_hidden()
    page.get_by_role("button", name="Move", exact=True).tap()
    x, y = middle(page, "source-stage", 7)
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    expect(page.get_by_role("button", name="Bring left wrist back")).to_be_visible()
    page.get_by_role("button", name="Paint", exact=True).tap()
    labels = "rsagan.source.regions.labels.filter((region) => region === 3).length"
    painted = page.evaluate(labels)
    box = page.locator("#regions").bounding_box()
    x, y = box["x"] + 40, box["y"] + 40
    finger()
    assert page.evaluate(labels) > painted
    page.wait_for_timeout(500)
    another_result(page, lambda: page.locator("#library button").first.tap())
    expect(page.locator("#result-picture")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="A picture of your own").tap()
    another_result(page, lambda: chooser.value.set_files(PHOTO))
    row = "[...document.getElementById('background-row').children].map((one) => one.getBoundingClientRect().right)"
    assert max(page.evaluate(row)) <= 390 - 16
    page.get_by_role("tab", name="Animate").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
def test_a_lost_worker_is_survived(open_page: Callable[..., Any], start: Callable[..., Any]) -> None:
    with start() as service:
        page = with_sample(open_page(service.url))
        drag(page, "result-stage", 4, (10, -40))
        before = service.worker
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: not service.app.state.line.ready, 10)
        # The page waits for the new worker, which knows nobody, and hands the person in again by itself.
        another_result(page, lambda: page.get_by_role("button", name="Mirror the pose").click())
        assert service.worker != before
        expect(page.get_by_role("alert")).to_have_count(0)
        page.problems.clear()  # the browser reports the 503 and the 404 on the way


def test_a_demo_with_a_token(open_page: Callable[..., Any], start: Callable[..., Any]) -> None:
    with start(demo=True, token="a-long-enough-secret") as service:
        with_sample(open_page(f"{service.url}/#token=a-long-enough-secret"))
        page = open_page(f"{service.url}/api.html")
        expect(page.locator("#about")).to_contain_text("api.html#token=")
        page = open_page(service.url)
        page.get_by_role("textbox", name="Token").fill("not-the-secret")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("alert")).to_contain_text("not the right one")
        page.get_by_role("textbox", name="Token").fill("a-long-enough-secret\u200b")  # pasted along, seen by nobody
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("This is a demo")).to_be_visible()
        with_sample(page)
        page.problems.clear()  # the browser reports the 401 on the way
        expect(page.get_by_role("button", name="Paint")).to_be_hidden()
        expect(page.get_by_role("button", name="From a photo")).to_be_hidden()
        expect(page.locator("#background")).to_be_visible()
        expect(page.locator("#scene")).to_be_hidden()
        another_result(page, lambda: page.get_by_role("button", name="walk", exact=True).click())
        drop(page, "body", WALKING, "image/jpeg")
        expect(page.locator("#toasts")).to_contain_text("demo")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_serious(
    open_page: Callable[..., Any], service: Service, scheme: str, device: dict[str, Any]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def judge(page: Any) -> None:
        page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")
        found = axe.run(page).response["violations"]
        assert [
            (one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in ("serious", "critical")
        ] == []

    page = open_page(service.url, color_scheme=scheme, reduced_motion="reduce", **device)
    expect(page.get_by_role("button", name="Sample: man standing")).to_be_visible()
    judge(page)
    page.get_by_role("button", name="How it works").click()
    judge(page)
    page.get_by_role("button", name="Close").click()
    with_sample(page)
    judge(page)
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("tab", name="Animate").click()
    page.get_by_role("button", name="Add this pose").click()
    judge(page)
    if device is PHONE:
        page.get_by_role("tab", name="Photo").click()
    page.get_by_role("button", name="Paint", exact=True).click()
    judge(page)
    page.goto(f"{service.url}/api.html")
    expect(page.locator(".route").first).to_be_visible()
    judge(page)


def test_light_and_dark_follow_the_system_and_the_button(page: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(paper)
    assert dark != light
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == light


def test_another_side_is_added_and_left_out_again(page: Any, tmp_path: Path) -> None:
    together = []
    page.on("request", lambda r: together.append(r.post_data_json) if r.url.endswith("/v1/together") else None)
    sides = page.locator("#sides button")
    expect(sides).to_have_count(0)
    alone = page.evaluate("rsagan.source.name")

    def add() -> None:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Another side").click()
        chooser.value.set_files(WALKING)

    another_result(page, add)
    expect(sides).to_have_count(1)
    both = page.evaluate("rsagan.source.name")
    assert both != alone
    assert together[0]["sources"][0] == alone
    another_result(page, lambda: page.get_by_role("button", name="Leave photo 2 out again").click())
    expect(sides).to_have_count(0)
    assert page.evaluate("rsagan.source.name") == alone
    another_result(page, add)
    assert page.evaluate("rsagan.source.name") == both
    with zipfile.ZipFile(saved(page, "Person ZIP", tmp_path)) as archive:
        archive.extractall(tmp_path / "person")
    first, second = (read_person(folder) for folder in (tmp_path / "person", tmp_path / "person" / "photo-2"))
    assert first.size == second.size
    assert (first.picture != second.picture).any()
    assert (second.parsing > 0).sum() > 3000
    page.locator("#another").click()
    with_sample(page, "woman walking")
    expect(sides).to_have_count(0)
