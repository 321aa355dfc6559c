"""Claims from made-up results, worked out by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsagan.evaluation import claims
from rsagan.evaluation.fire import KINDS
from rsagan.evaluation.intervals import Draws
from rsagan.evaluation.runner import Finished

GROUPS = np.repeat(np.arange(5), 4)
DRAWS = Draws(GROUPS, rounds=200)
NOISE = np.random.default_rng(0).normal(0, 0.01, 20)


def finished(distance: float, frechet: float, seconds: float = 100, fire: dict[str, float] | None = None) -> Finished:
    values = distance + NOISE
    measured: dict[str, Any] = dict.fromkeys(("vgg", "vgg_head", "ssim", "psnr", "l1", "ssim_person"), values)
    measured |= {"vgg_copy": np.ones(20), "vgg_head_copy": np.ones(20), "l1_copy": np.ones(20)}
    measured |= {"kernel": np.full(201, 0.5), "frechet": frechet + np.array([0, 0.1, -0.1, 0.2, -0.2, 0])}
    curve = [
        {"seen": 10.0, "seconds": seconds / 2, "vgg": 2 * distance},
        {"seen": 20.0, "seconds": seconds, "vgg": distance},
    ]
    burning = {place: {"vgg": value + NOISE} for place, value in (fire or {}).items()}
    return Finished(measured, curve, 1e-3, 1000, burning)


def test_headlines() -> None:
    results = {
        "full": [finished(0.15, 9.0), finished(0.17, 9.0)],
        "pose_only_published": [finished(0.2, 12.0), finished(0.2, 12.0)],
        "semantic_baseline_published": [finished(0.2, 10.0), finished(0.2, 10.0)],
    }
    first, second = claims.headlines(results, ["vgg"], "eff", DRAWS)
    assert first["metric"] == "perceptual distance (vgg)"
    assert first["lower_by"]["value"] == pytest.approx(1 - (0.16 + NOISE.mean()) / (0.2 + NOISE.mean()), abs=1e-5)
    low, high = first["lower_by"]["interval"]
    assert low < first["lower_by"]["value"] < high
    assert first["kept"] is False
    assert second["lower_by"]["value"] == pytest.approx(0.1, abs=1e-5)
    assert second["kept"] is True
    assert claims.headlines({"full": results["full"]}, ["vgg"], "eff", DRAWS) == []
    for name, far in (("full", 6.0), ("semantic_baseline_published", 8.0)):
        for each in results[name]:
            each.measured["frechet_sets"] = np.full(6, far)
    second = claims.headlines(results, ["vgg"], "eff", DRAWS)[1]
    assert second["metric"] == "Frechet distance of the sets (eff)"
    assert second["lower_by"]["value"] == pytest.approx(0.25)


def test_gains_are_split() -> None:
    results = {
        "full": [finished(0.1, 9)], "no_detail": [finished(0.16, 9)], "no_match": [finished(0.12, 9)],
        "pose_only_published": [finished(0.3, 9)],
    }  # fmt: skip
    rows = claims.gains(results, ["vgg"], DRAWS)["perceptual distance (vgg)"]
    assert rows["all of it (pose_only_published)"]["value"] == pytest.approx(0.2)
    assert rows["detail path"]["value"] == pytest.approx(0.06)
    assert rows["detail path, share"]["value"] == pytest.approx(0.3)
    assert rows["the match (A), share"]["value"] == pytest.approx(0.1)
    assert "semantics" not in rows


def test_the_match_under_fire() -> None:
    places = ["clean", *(f"{kind} {level}" for kind in KINDS for level in ("0.1", "0.4"))]
    with_match = dict.fromkeys(places, 0.11) | {"clean": 0.1, "parsing 0.4": 0.13}
    without = dict.fromkeys(places, 0.14) | {"clean": 0.12, "parsing 0.4": 0.22}
    results = {"full": [finished(0.1, 9, fire=with_match)], "no_match": [finished(0.12, 9, fire=without)]}
    found = claims.under_fire(results, ["vgg"], {0.1: (None, 0.11), 0.4: (None, 0.41)}, DRAWS)
    row = found["rows"]["parsing 0.4"]["perceptual distance (vgg)"]
    assert row["full loses"]["value"] == pytest.approx(0.03)
    assert row["no_match loses"]["value"] == pytest.approx(0.1)
    assert row["loss with the match over loss without"]["value"] == pytest.approx(0.3)
    assert found["loses at most half at the hardest"] == {"vgg": True}
    assert found["rows"]["clean"]["perceptual distance (vgg)"]["full loses"]["value"] == 0
    assert row["loss with the match beyond half the loss without"]["value"] == pytest.approx(-0.02)
    assert claims.under_fire({"full": results["full"]}, ["vgg"], {}, DRAWS) == {}


def test_losing_where_the_other_gains_is_no_success() -> None:
    places = dict.fromkeys(("clean", "parsing 0.4"), 0.1)
    results = {
        "full": [finished(0.1, 9, fire=places | {"parsing 0.4": 0.12})],
        "no_match": [finished(0.1, 9, fire=places | {"parsing 0.4": 0.09})],
    }
    found = claims.under_fire(results, ["vgg"], {0.4: (None, 0.4)}, DRAWS)
    assert found["loses at most half at the hardest"] == {"vgg": False}


def test_rows_are_read_off_at_equal_seconds_and_equal_pairs() -> None:
    results = {
        "source": [Finished(finished(0.9, 50).measured)],
        "full": [finished(0.1, 9, 200)],
        "no_match": [finished(0.2, 9, 100)],
    }
    table = claims.table(results, ["vgg"], "eff", DRAWS)
    assert "validation" not in table["source"]
    full = table["full"]["validation"]
    assert full["at 20 pairs"] == {"vgg": 0.1}
    assert full["at 100 seconds"] == {"vgg": 0.2}  # at half of its own time it was twice as bad
    assert table["no_match"]["validation"]["at 100 seconds"] == {"vgg": 0.2}
    assert table["full"]["metrics"]["perceptual distance (vgg)"]["value"] == pytest.approx(0.1 + NOISE.mean(), abs=1e-6)
    assert table["full"]["metrics"]["Frechet distance (eff)"]["value"] == 9


def test_the_page_says_what_the_claims_say() -> None:
    docs = Path(__file__).parents[2] / "docs"
    said = " ".join((docs / "evaluation.md").read_text(encoding="utf-8").split())
    told = json.loads((docs / "results" / "ablation" / "claims.json").read_text(encoding="utf-8"))
    lower = [each["lower_by"] for each in told["headlines"]]
    assert len(lower) == 3
    for value, low, high in ((each["value"], *each["interval"]) for each in lower):
        assert f"{100 * value:.1f} % ({100 * low:.1f} ... {100 * high:.1f})" in said
    for part in ("the match (A)", "integration (C)"):
        for row in (rows[part] for rows in told["gains"].values()):
            assert f"{row['value']:.4f} ({row['interval'][0]:.4f} ... {row['interval'][1]:.4f})" in said
