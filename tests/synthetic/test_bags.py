"""Bags hang with the pose, clear of legs and floor; they are seen, but they are no region of the person."""

import numpy as np
import pytest

from rsagan.people.regions import Region
from rsagan.synthetic import Identity, catalogue, identity, render_view, scene
from rsagan.synthetic.bags import KINDS, Carried
from rsagan.synthetic.posture import strike

SIZE = (128, 88)
SEEDS = {"crossbody": 37, "tote": 19, "rucksack": 52}


@pytest.fixture(scope="module")
def people() -> dict[str, Identity]:
    return {kind: identity(seed) for kind, seed in SEEDS.items()}


def test_as_many_as_said_have_bags() -> None:
    who = [{*identity(seed).wears} & {*KINDS} for seed in range(300)]
    assert sum(map(bool, who)) / 300 == pytest.approx(sum(KINDS.values()), abs=0.08)
    assert {kind for kinds in who for kind in kinds} == {*KINDS}


def without(monkeypatch: pytest.MonkeyPatch, seed: int) -> Identity:
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "bag", lambda *_: Carried())
        return identity.__wrapped__(seed)


@pytest.mark.parametrize("kind", SEEDS)
def test_a_bag_changes_nothing_else(monkeypatch: pytest.MonkeyPatch, people: dict[str, Identity], kind: str) -> None:
    """The person is the same without; with it, some of the person is hidden behind what is labelled background."""
    who = people[kind]
    assert kind in who.wears
    bare = without(monkeypatch, who.seed)
    count = len(bare.mesh.rest)
    assert count < len(who.mesh.rest)
    assert np.array_equal(bare.mesh.rest, who.mesh.rest[:count])
    background = np.nonzero(who.mesh.face_region == Region.BACKGROUND)[0]
    assert len(background) > 100
    assert who.mesh.faces[background].min() >= count
    hidden = 0
    for view in range(4):
        shown = render_view(who, view, SIZE)
        assert np.array_equal(shown.parsing > 0, shown.surface.any(-1))
        for k in np.nonzero(shown.visible)[0]:
            x, y = np.round(shown.points[k]).astype(int)
            assert shown.parsing[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].any()
        # the camera frames the bag as well, so pixels are counted instead of compared one by one
        posture = strike(who.figure, np.random.default_rng(view))
        body = scene.stand(who.figure, who.mesh, posture, 0.0)
        hidden += _hidden(who, body, count)
    assert hidden > 20


def _hidden(who: Identity, body: scene.Body, count: int) -> int:
    """How many pixels of the person a bag takes away, from four sides."""
    lost = 0
    for yaw in (0.0, 1.57, 3.14, 4.71):
        turned = body.position @ scene.turn("y", yaw).T.astype(np.float32)
        camera = scene.camera_for(turned, body.points, np.random.default_rng(0), SIZE)
        light = scene.stage_for(camera, 0.0, body.feet, np.random.default_rng(0)).light
        regions = []
        for mesh in (who.mesh, _only(who, count)):
            n = len(mesh.rest)
            normal = np.ascontiguousarray(body.normal[:n])
            regions.append(
                scene.see(mesh, who.ink, np.ascontiguousarray(turned[:n]), normal, camera, light, SIZE).regions
            )
        lost += int(((regions[0] == 0) & (regions[1] > 0)).sum())
    return lost


def _only(who: Identity, count: int):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    keep = (who.mesh.faces < count).all(1)
    per_vertex = ("rest", "normal", "anchor", "canon", "bones", "weights", "field", "bias", "lips", "uv")
    per_face = ("faces", "face_layer", "face_region", "face_chart", "double")
    return replace(
        who.mesh,
        **{name: np.ascontiguousarray(getattr(who.mesh, name)[:count]) for name in per_vertex},
        **{name: np.ascontiguousarray(getattr(who.mesh, name)[keep]) for name in per_face},
    )


@pytest.mark.parametrize("family", ["stand", "walk", "hips", "hair", "seated", "running", "crouching", "kneeling"])
def test_a_tote_hangs_clear_of_legs_and_floor(people: dict[str, Identity], family: str) -> None:
    who = people["tote"]
    mesh = who.mesh
    for number in range(3):
        posture = strike(who.figure, np.random.default_rng(number), family)
        body = scene.stand(who.figure, mesh, posture, 0.7)
        person, tote = body.position[: mesh.hung], body.position[mesh.hung :]
        assert np.isfinite(tote).all()
        assert person[:, 1].min() == pytest.approx(posture.lift, abs=1e-4)
        assert tote[:, 1].min() > person[:, 1].min() - 1e-3
        assert np.ptp(tote[:, 1]) > 2  # it hangs upright
        legs = person[(mesh.canon[: mesh.hung, 1] < 0) & (mesh.field[: mesh.hung] > 0)]
        pouch = tote[tote[:, 1] < tote[:, 1].max() - 1.2]
        middle = pouch.mean(0)
        inside = np.abs((legs - middle) @ np.linalg.inv(_axes(pouch))) < 0.8
        assert not inside.all(1).any(), number


def _axes(points: np.ndarray) -> np.ndarray:
    """Half widths along the main directions of a box, as rows (3, 3)."""
    flat = points - points.mean(0)
    directions = np.linalg.svd(flat, full_matrices=False)[2]
    return directions * np.abs(flat @ directions.T).max(0)[:, None]
