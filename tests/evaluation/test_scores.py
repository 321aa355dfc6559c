"""The report on a tiny network: whole, the same every time, and right at both ends of the scale."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.measure import Networks, Truth, measure, trained_networks
from rsagan.evaluation.painters import Weights
from rsagan.evaluation.scores import score

ONE, OTHER = "perceptual distance (one)", "perceptual distance (other)"
FRECHET = "Frechet distance (vectors)"


def test_the_report_is_whole(weights: Path, prepared: Path, networks: Networks, tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    report = score(prepared, tmp_path, weights, networks=networks, progress=lambda *c: counts.append(c))
    assert counts == [(8, 12), (12, 12)]
    assert json.loads((tmp_path / "report.json").read_text()) == report
    rows = report["metrics"]
    for metric in (ONE, OTHER, f"{ONE}, head"):
        ratio = rows[f"{metric}, ratio to copied source"]["value"]
        assert ratio == pytest.approx(rows[metric]["value"] / rows[f"{metric}, copied source"]["value"], rel=1e-4)
    for name, row in rows.items():
        low, high = row["interval"]
        assert low <= high, name
    for name in ("SSIM, person", "PSNR, head", "kernel distance (vectors), head", FRECHET,
                 "correspondence error of module B, pixels, median",
                 "flow error of the detail path, pixels, 95 % below",
                 "region IoU of the predicted parsing"):  # fmt: skip
        assert rows[name]["value"] is not None, name
    assert report["counts"] == {"pairs": 12, "identities": 2, "test_pairs_in_folder": 12}
    assert report["results"]["kind"] == "weights"
    assert np.mean([pair[ONE] for pair in report["pairs"]]) == pytest.approx(rows[ONE]["value"], rel=1e-3)
    assert (report["pairs"][0]["from"], report["pairs"][0]["to"]) == ("p2_0", "p2_1")
    text = (tmp_path / "report.md").read_text()
    assert f"| {ONE} | {rows[ONE]['value']:.4f} |" in text
    assert "FID (" not in text
    assert "LPIPS (" not in text
    assert "biased upwards" in text
    assert (tmp_path / "grid.png").stat().st_size > 1000


def test_the_same_command_writes_the_same_bytes(
    weights: Path, prepared: Path, networks: Networks, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        score(prepared, tmp_path / name, weights, limit=4, networks=networks)
    for file in ("report.json", "report.md", "grid.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_one_person_has_no_intervals_and_the_report_says_so(
    weights: Path, prepared: Path, networks: Networks, tmp_path: Path
) -> None:
    report = score(prepared, tmp_path, weights, limit=1, networks=networks)
    assert report["counts"]["identities"] == 1
    assert report["metrics"][ONE]["interval"] == [None, None]
    text = (tmp_path / "report.md").read_text()
    assert "1 of 12 test pairs of 1 person, 64x48" in text
    assert "Of one person alone there are no intervals." in text


def test_the_ends_of_the_scale(prepared: Path, networks: Networks, tmp_path: Path) -> None:
    copied = score(prepared, tmp_path / "a", results="source", limit=4, networks=networks)["metrics"]
    assert copied[f"{ONE}, ratio to copied source"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert copied[f"{OTHER}, ratio to copied source"]["value"] == 1.0
    truth = score(prepared, tmp_path / "b", results="truth", limit=4, networks=networks)["metrics"]
    for name in (ONE, OTHER, f"{OTHER}, head", FRECHET, "L1"):
        assert truth[name]["value"] == pytest.approx(0, abs=1e-5), name
    assert truth["SSIM"]["value"] == pytest.approx(1)
    assert truth["PSNR"]["value"] == 100
    assert copied["L1"]["value"] > 0.01


def test_what_the_truth_gives_is_computed_once(
    weights: Path, prepared: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PreparedFolder(prepared)
    truth = Truth(folder, folder.pairs("test")[:3], networks)
    first = measure(truth, Weights(weights))
    calls = []
    monkeypatch.setattr("rsagan.evaluation.measure.true_flow", lambda *a: calls.append(a))
    again = measure(truth, Weights(weights))
    assert not calls
    for name in ("true_features", "true_features_head", "one", "one_copy"):
        assert np.array_equal(first[name], again[name])


def test_pairs_keep_their_order(weights: Path, prepared: Path, networks: Networks) -> None:
    """Persons are measured together, but the numbers stay with their pairs."""
    folder = PreparedFolder(prepared)
    pairs = folder.pairs("test")[2:9]
    shuffled = np.random.default_rng(0).permutation(len(pairs))
    plain = measure(Truth(folder, pairs, networks), Weights(weights))
    mixed = measure(Truth(folder, pairs[shuffled], networks), Weights(weights))
    for name in ("one", "ssim_person", "features", "intersection", "other_head_copy"):
        np.testing.assert_allclose(mixed[name], plain[name][shuffled], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(mixed["matches"][0], plain["matches"][shuffled[0]], rtol=1e-3, atol=1e-3)


def test_strata_are_told_apart(weights: Path, prepared: Path, networks: Networks, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(prepared, folder)
    pairs = (folder / "pairs-test.csv").read_text().splitlines()[1:]
    labels = ["turn 75-135, full to full", "turn 0-30, full to cropped", "turn 0-30, full to full"]
    lines = [f'{pair},"{labels[k % 3]}"' for k, pair in enumerate(pairs)]
    (folder / "strata-test.csv").write_text("\n".join(["from,to,stratum", *lines]) + "\n")
    report = score(folder, tmp_path / "out", weights, networks=networks)
    strata = report["strata"]
    assert {name: row["pairs"] for name, row in strata.items()} == {
        "turn 0-30": 8, "turn 75-135": 4, "full to cropped": 4, "full to full": 8
    }  # fmt: skip
    expected = np.mean([pair[ONE] for pair in report["pairs"][::3]])
    assert strata["turn 75-135"][ONE]["value"] == pytest.approx(expected, abs=1e-5)
    assert "| turn 0-30 | 8 |" in (tmp_path / "out" / "report.md").read_text()
    (folder / "strata-test.csv").write_text("\n".join(["from,to,stratum", *lines[1:]]) + "\n")
    with pytest.raises(InputError, match="stratum for every"):
        score(folder, tmp_path / "out", weights, networks=networks)


def test_a_report_on_the_truth_may_be_called_truth(
    prepared: Path, networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    score(prepared, "truth", results="truth", networks=networks)
    assert (tmp_path / "truth" / "report.json").is_file()


def test_bad_orders_get_one_sentence(weights: Path, prepared: Path, networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="At least one"):
        score(prepared, tmp_path, weights, limit=0, networks=networks)
    with pytest.raises(InputError, match="not a prepared folder"):
        score(tmp_path, tmp_path / "out", weights, networks=networks)
    with pytest.raises(InputError):
        score(prepared, tmp_path, tmp_path / "none.safetensors", networks=networks)
    with pytest.raises(InputError, match="not both"):
        score(prepared, tmp_path, weights, "truth", networks=networks)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_joints_are_scored_by_the_estimator(weights: Path, prepared: Path, networks: Networks, tmp_path: Path) -> None:
    estimating = Networks(networks.distances, networks.features, joints=True)
    rows = score(prepared, tmp_path, weights, limit=2, networks=estimating)["metrics"]
    for name in ("joint accuracy (blazepose)", "joint accuracy (blazepose), the estimator's own ceiling"):
        assert 0 <= (rows[name]["value"] or 0) <= 1


@pytest.mark.slow
@pytest.mark.network
def test_the_trained_judges_are_loaded_by_name() -> None:
    found = trained_networks()
    assert list(found.distances) == ["vgg16_hed", "mobilenetv2"]
    assert found.features.name == "efficientnet_lite0"
