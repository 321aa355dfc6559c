"""Named styles: deterministic, honestly labelled behind other things, as different as they claim."""

import numpy as np
import pytest
from tests.synthetic.digests import digest

from rsagan.synthetic import View, crowd, identity, outdoors, raster, render_view
from rsagan.synthetic.mesh import floats
from rsagan.synthetic.place import Place, place_for
from rsagan.synthetic.styles import NAMES

SIZE = (128, 88)


@pytest.fixture(scope="module")
def views() -> dict[str, list[View]]:
    return {
        style: [render_view(identity(number), view, SIZE, style) for number in range(12) for view in range(5)]
        for style in ("studio", "street", "surveillance")
    }


@pytest.mark.parametrize("style", NAMES)
def test_same_seeds_same_bytes(style: str) -> None:
    first = digest(render_view(identity(3), 7, SIZE, style))
    identity.cache_clear()
    assert digest(render_view(identity(3), 7, SIZE, style)) == first
    assert digest(render_view(identity(3), 8, SIZE, style)) != first
    assert digest(render_view(identity(4), 7, SIZE, style)) != first


def test_catalogue_is_the_style_unless_another_is_named() -> None:
    assert digest(render_view(identity(1), 2, SIZE)) == digest(render_view(identity(1), 2, SIZE, "catalogue"))


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="no style 'opera'"):
        render_view(identity(1), 2, SIZE, "opera")


def test_joints_behind_something_are_known_but_not_visible(views: dict[str, list[View]]) -> None:
    """Poles, boxes and passers-by hide joints; they stay in place, marked as hidden."""
    covered = 0
    for view in views["street"] + views["surveillance"]:
        for k in range(1, 14):
            x, y = view.points[k]
            if np.isnan(x):
                assert not view.visible[k]
                continue
            around = view.parsing[max(0, round(y) - 2) : round(y) + 3, max(0, round(x) - 2) : round(x) + 3]
            if not around.any():
                assert not view.visible[k]
                covered += 1
    assert covered > 3
    for view in views["studio"]:
        assert view.visible.sum() >= 4


def test_streets_are_cluttered_and_catalogues_are_not(views: dict[str, list[View]]) -> None:
    def clutter(view: View) -> float:
        return float(view.picture[view.parsing == 0].astype(float).std())

    assert np.median([clutter(view) for view in views["street"]]) > 25
    assert np.median([clutter(view) for view in views["studio"]]) < 15


def test_surveillance_pictures_hold_little_detail(views: dict[str, list[View]]) -> None:
    def detail(view: View) -> float:
        grey = view.picture.astype(float).mean(-1)
        return float(np.abs(np.diff(grey, axis=0)).mean() / grey.std())

    street, watched = (np.median([detail(view) for view in views[style]]) for style in ("street", "surveillance"))
    assert watched < 0.85 * street


def test_one_place_for_all_views_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[Place] = []

    def remember(rng: np.random.Generator) -> Place:
        places.append(place_for(rng))
        return places[-1]

    monkeypatch.setattr(outdoors, "place_for", remember)
    for same_place in (True, False):
        for view in range(2):
            render_view(identity(0), view, (64, 48), "street", same_place=same_place)
    rooms = [place.room.tolist() for place in places]
    assert rooms[0] == rooms[1]
    assert rooms[2] != rooms[3]


@pytest.mark.parametrize("pitch", [0.0, 0.5])
def test_who_passes_in_front_stands_on_the_floor(monkeypatch: pytest.MonkeyPatch, pitch: float) -> None:
    pasted: list[tuple] = []
    monkeypatch.setattr(crowd, "paste", lambda *given: pasted.append(given))
    monkeypatch.setattr(crowd, "cut_out", lambda *given: None)
    sine, cosine, eye = np.sin(pitch), np.cos(pitch), (0.0, 30.0, 80.0)
    view = [1, 0, 0, 0, cosine, -sine, 0, sine, cosine]
    camera = floats([*view, *eye, 200.0, 44.0, 64.0])
    canvas, random = np.zeros((128, 88, 4), np.float32), np.random.default_rng(0)
    crowd.in_front(canvas[..., :3], canvas[..., 3], camera, random, None, 1.0)
    (_, _, _, scale, _, soles, *_) = pasted[0]
    nearer = (200.0 / scale - eye[1] * sine) / cosine
    spot = raster.project(floats([[0, 0, eye[2] - nearer]]), np.zeros(1, np.float32), camera, 1.0)
    assert 0.45 * eye[2] <= nearer <= 0.85 * eye[2]
    assert soles == pytest.approx(float(spot[0, 1]), abs=0.01)
