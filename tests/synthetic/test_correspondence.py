"""Surface coordinates lead from one view to another: checked against where the posed mesh really lies."""

import numpy as np
import pytest

from rsagan.data.correspondence import true_flow
from rsagan.people.regions import Region
from rsagan.synthetic import View, identity, render_view, scene
from rsagan.synthetic.shade import STEP, ZERO

SIZE = (256, 176)
NEAR = 10.0  # steps of 2 mm


def warp(source: View, target: View) -> tuple[np.ndarray, np.ndarray]:
    """The target repainted from the source's colours at 4 x 4 cells' centres, and its own colours there, (K, 3)."""
    flow = true_flow(source.surface, source.parsing, target.surface, target.parsing)
    known = np.isfinite(flow[0])
    x, y = flow[:, known]
    found = sample(source.picture, x, y)
    rows, columns = np.nonzero(known)
    own = sample(target.picture, 4 * columns + 1.5, 4 * rows + 1.5)
    return found, own


def sample(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear, (K, 3)."""
    x0 = np.clip(np.floor(x).astype(int), 0, picture.shape[1] - 2)
    y0 = np.clip(np.floor(y).astype(int), 0, picture.shape[0] - 2)
    a, b = (x - x0)[:, None], (y - y0)[:, None]
    p = picture.astype(float)
    upper = p[y0, x0] * (1 - a) + p[y0, x0 + 1] * a
    lower = p[y0 + 1, x0] * (1 - a) + p[y0 + 1, x0 + 1] * a
    return upper * (1 - b) + lower * b


def test_a_view_repainted_from_another_looks_like_itself() -> None:
    """Colour: the common surface has its own colours again, up to light and folds that change with the pose."""
    errors, chance = [], []
    for number in range(6):
        who = identity(number)
        source, target = (render_view(who, view, SIZE) for view in (30, 31))
        found, own = warp(source, target)
        if len(found) < 100:
            continue
        errors.append(np.abs(found - own).mean(1))
        chance.append(np.abs(found - own[np.random.default_rng(0).permutation(len(own))]).mean(1))
    assert len(errors) >= 4
    everything = np.concatenate(errors)
    assert np.median(everything) < 12
    assert np.percentile(everything, 95) < 75
    assert everything.mean() < 0.5 * np.concatenate(chance).mean()


def projected(monkeypatch: pytest.MonkeyPatch, number: int, view: int) -> tuple[View, np.ndarray, np.ndarray]:
    """A view, where each vertex of the mesh lies in it (N, 2), and which vertices are in plain sight (N,)."""
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    original = scene.raster.project

    def remember(position: np.ndarray, bias: np.ndarray, camera: np.ndarray, scale: float) -> np.ndarray:
        if len(position) > 1000:
            kept.append((original(position, bias * 0, camera, 1.0), original(position, bias, camera, 1.0)))
        return original(position, bias, camera, scale)

    with monkeypatch.context() as patch:
        patch.setattr(scene.raster, "project", remember)
        shown = render_view(identity(number), view, SIZE)
    return shown, kept[0][0], kept[0][1]


def test_vertices_are_found_again_in_another_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """Place: a vertex seen in both views is found, by its coordinates, where the geometry says it is."""
    errors = []
    for number in range(4):
        mesh = identity(number).mesh
        (source, at_source, _), (target, at_target, _) = (projected(monkeypatch, number, view) for view in (30, 31))
        coordinates = mesh.anchor / STEP + ZERO
        place = []
        for shown, at in ((source, at_source), (target, at_target)):
            column, row = np.round(at[:, 0]).astype(int), np.round(at[:, 1]).astype(int)
            inside = (column >= 0) & (column < SIZE[1]) & (row >= 0) & (row < SIZE[0])
            seen = np.zeros(len(at), bool)
            k = np.nonzero(inside)[0]
            surface = shown.surface[row[k], column[k]].astype(float)
            region = shown.parsing[row[k], column[k]]
            # in plain sight: the pixel there names (nearly) this very point, and cloth of its own layer
            seen[k] = (np.abs(surface - coordinates[k]).max(1) < 6) & (region > 0)
            place.append(seen)
        both = np.nonzero(place[0] & place[1])[0]
        if len(both) < 50:
            continue
        chosen = np.random.default_rng(0).choice(both, 200)
        candidates = source.surface.reshape(-1, 3).astype(float)
        candidates[source.parsing.ravel() == Region.BACKGROUND] = 1e6
        for vertex in chosen:
            column, row = np.round(at_target[vertex]).astype(int)[:2]
            wanted = target.surface[row, column].astype(float)
            of_region = source.parsing.ravel() == target.parsing[row, column]
            distance = np.where(of_region, np.abs(candidates - wanted).max(1), 1e6)
            best = int(distance.argmin())
            found = np.array([best % SIZE[1], best // SIZE[1]], float)
            errors.append(np.linalg.norm(found - at_source[vertex, :2]))
    assert len(errors) >= 300
    assert np.median(errors) < 1.0
    assert np.percentile(errors, 95) < 3.0
