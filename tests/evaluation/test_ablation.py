"""The whole ablation on a tiny budget: it goes on where it stopped and redoes nothing."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import DivergedError, InputError
from rsagan.evaluation import pace, runner
from rsagan.evaluation.ablation import ablate
from rsagan.evaluation.measure import Networks
from rsagan.evaluation.pace import Pace
from rsagan.evaluation.runner import Plan
from rsagan.files import file_hash, write_text
from rsagan.network import Config
from rsagan.network.weights import read_metadata
from rsagan.training.loop import NonFiniteLoss
from rsagan.training.recipe import Adversary, Losses, Recipe

RECIPE = Recipe(
    pictures=16,
    batch=4,
    warmup=4,
    log_every=8,
    checkpoint_every=8,
    precision="float32",
    network=Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=8, key_channels=16),
    losses=Losses(backbone="vgg16_random", layers=("1_1", "2_1"), head_layers=("1_1",), style_layers=("1_1", "2_1")),
    adversary=Adversary(start=8, fade=4, r1_every=2),
)
PLAN = Plan(
    RECIPE,
    rows=("full", "no_match", "pose_only_published"),
    every=8,
    rates=(1e-3, 1e-4),
    rate_pictures=4,
    validation=2,
    fire=2,
    set_pairs=6,
    limit=4,
)


@pytest.fixture(scope="module")
def data(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation") / "data"
    shutil.copytree(prepared, folder)
    (folder / "pairs-validation.csv").write_text("from,to\np1_0,p1_1\np1_1,p1_2\np1_2,p1_0\n")
    return folder


def test_one_call_makes_everything_and_resumes(
    data: Path, networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, out = tmp_path / "runs", tmp_path / "out"
    trained: list[tuple[str, int]] = []
    train = runner.train

    def interrupted(recipe: Recipe, folder: object, run: Path, until: int | None = None, **begun: object) -> Path:
        trained.append((recipe.name, until or recipe.pictures))
        if trained.count(("no_match", 16)) == 1 and trained[-1] == ("no_match", 16):
            raise KeyboardInterrupt
        return train(recipe, folder, run, until=until, **begun)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ablate(PLAN, data, runs, out, networks=networks)
    assert not out.exists()
    before = (runs / "full" / "seed-0" / "measured.npz").read_bytes()
    trained.clear()
    trained.append(("no_match", 16))  # it has been interrupted once
    whole = ablate(PLAN, data, runs, out, networks=networks)
    assert trained[1] == ("no_match", 16)
    assert not [name for name, _ in trained if name == "full"]
    assert (runs / "full" / "seed-0" / "measured.npz").read_bytes() == before

    assert list(whole["rows"]) == ["source", *PLAN.rows, "truth"]
    curve = [json.loads(line) for line in (runs / "no_match" / "seed-0" / "curve.jsonl").read_text().splitlines()]
    assert [point["seen"] for point in curve] == [8, 16]
    paces = json.loads((runs / "pace.json").read_text())["rows"]
    assert set(paces) == set(PLAN.rows)
    its = Pace(**paces["no_match"])
    assert its.quiet > 0 < its.fighting
    assert whole["rows"]["no_match"]["seconds"] == [round(round(its.seconds(16), 1))]  # the curve has tenths
    assert whole["rows"]["full"]["learning_rate"] in PLAN.rates
    assert [each["full against"] for each in whole["headlines"]] == ["pose_only_published"] * 2
    assert whole["pairs"] == {"budget": 16, "test": 4, "frechet": 6, "validation": 2, "under_fire": 2}
    of_sets = [name for name, row in whole["rows"].items() if any("of the sets" in title for title in row["metrics"])]
    assert of_sets == ["full"]
    assert set(whole["fire"]["rows"]) >= {"clean", "parsing 0.4", "joints 0.4", "both 0.4"}
    saved = json.loads((out / "claims.json").read_text())
    assert saved["headlines"] == whole["headlines"]
    assert saved["costs"]["full"]["pairs_seen"] == [16]
    text = (out / "ablation.md").read_text()
    for heading in ("equal seconds", "Headlines", "What each part brings", "under fire"):
        assert heading in text
    assert (out / "curves.png").stat().st_size > 1000

    trained.clear()
    full = runs / "full" / "seed-0"
    for pictures in [*runs.rglob("train"), *runs.rglob("report"), *full.glob("rate-*")]:  # the numbers are enough
        shutil.rmtree(pictures)
    again = (out / "ablation.json").read_bytes()
    ablate(PLAN, data, runs, out, networks=networks)
    assert not trained
    assert (out / "ablation.json").read_bytes() == again
    other = replace(PLAN, rows=("pose_only_published",), seeds=(1,), set_pairs=0)
    rate = ablate(other, data, runs, out, networks=networks)["rows"]["pose_only_published"]["learning_rate"]
    assert trained == [("pose_only_published", 8), ("pose_only_published", 16)]  # no rates: seed 0 has tried them
    assert rate == whole["rows"]["pose_only_published"]["learning_rate"]
    for plan, named in ((replace(PLAN, recipe=replace(RECIPE, batch=2)), "recipe"), (replace(PLAN, limit=2), "limit")):
        with pytest.raises(InputError, match=rf"other settings \({named}\)"):
            ablate(plan, data, runs, out, networks=networks)


def test_rows_begin_with_their_own_weights(data: Path, networks: Networks, tmp_path: Path) -> None:
    plan, runs, out = replace(PLAN, rows=("no_match",), rates=(), set_pairs=0), tmp_path / "runs", tmp_path / "out"
    ablate(plan, data, tmp_path / "small", tmp_path / "small-out", networks=networks)
    weights = tmp_path / "small" / "no_match" / "seed-0" / "train" / "weights.safetensors"
    grown = replace(plan, rates=(1e-3,), start=tmp_path / "small")
    whole = ablate(grown, data, runs, out, networks=networks)
    begun = {"sha256": file_hash(weights), "size": [64, 48], "pictures_seen": 16}
    assert whole["rows"]["no_match"]["start"] == [begun]
    assert json.loads((out / "claims.json").read_text())["costs"]["no_match"]["start"] == [begun]
    assert "Each row began with what it had learnt from 16 pairs of 64x48. 16 pairs a row" in (
        out / "ablation.md"
    ).read_text("utf-8")
    for run in (runs / "no_match/seed-0/train", runs / "no_match/seed-0/rate-0.001/train"):
        told = read_metadata(run / "weights.safetensors")["training"]
        assert (told["start"]["sha256"], told["start"]["training"]["pictures_seen"]) == (begun["sha256"], 16)

    for start in (runs, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"other settings \(start\)"):  # it began with random weights
            ablate(replace(plan, start=start), data, tmp_path / "small", out, networks=networks)
    both = replace(grown, rows=("no_match", "full"))
    with pytest.raises(InputError, match=r"full.*weights\.safetensors is missing, .*train the row there first"):
        ablate(both, data, tmp_path / "other", out, networks=networks)
    assert not (tmp_path / "other").exists()  # refused before the first row is trained
    shutil.rmtree(tmp_path / "small")  # a row that is done does not need it any more
    assert ablate(replace(grown, start=None), data, runs, out, networks=networks) == whole
    for mixed in (replace(both, start=None), replace(grown, start=None, seeds=(0, 1))):
        with pytest.raises(InputError, match=r"Some rows .* others did not"):
            ablate(mixed, data, runs, out, networks=networks)
    (runs / "no_match" / "seed-0" / "measured.npz").unlink()
    with pytest.raises(InputError, match=r"other settings \(start\)"):
        ablate(replace(grown, start=None), data, runs, out, networks=networks)
    (runs / "no_match" / "seed-0" / "settings.json").write_text("{")
    with pytest.raises(InputError, match=r"settings\.json is damaged"):
        ablate(grown, data, runs, out, networks=networks)


def test_every_kind_of_step_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, took = [0.0], iter(range(100))

    def step(state: pace.State, *_: object) -> None:
        # Alone, against critics, with their penalty.
        kind = 1.0 if state.seen < 8 else 3.0 if state.seen // 4 % 2 else 7.0
        clock[0] += kind + (0.0 if next(took) % 4 == 3 else 5.0)  # but for every fourth, something else is in the way

    monkeypatch.setattr(pace, "train_step", step)
    monkeypatch.setattr(pace, "finished", lambda device: clock[0])
    monkeypatch.setattr(pace, "load_backbone", lambda *_: None)
    found = pace._pace_of(RECIPE, {}, pace.torch.device("cpu"))  # type: ignore[typeddict-item]
    assert found == {"quiet": 1 / 4, "fighting": (3 + 4 / 2) / 4, "start": 8}


def test_the_first_row_is_timed_twice(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[str] = []

    def of(recipe: Recipe, *_: object) -> dict[str, float]:
        timed.append(recipe.name)
        return {"quiet": float(len(timed)), "fighting": 0.0, "start": 0}

    monkeypatch.setattr(pace, "_pace_of", of)
    found = pace.paces_of({name: replace(RECIPE, name=name) for name in ("one", "two")}, PreparedFolder(data))
    assert timed == ["one", "one", "two"]
    assert [found["rows"][name]["quiet"] for name in ("one", "two")] == [2.0, 3.0]


def test_seconds_are_of_before_and_after_the_discriminators() -> None:
    steps = Pace(quiet=0.5, fighting=2.0, start=10)
    assert [steps.seconds(seen) for seen in (0, 4, 10, 12)] == [0, 2, 5, 9]


def test_rows_that_come_later_are_timed_with_the_others(
    data: Path, networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[list[str]] = []

    def pace(recipes: dict[str, Recipe], *_: object) -> dict[str, object]:
        timed.append(list(recipes))
        return {"device": "any", "threads": 1, "rows": {name: vars(Pace(1.0, 2.0, 8)) for name in recipes}}

    monkeypatch.setattr(runner, "paces_of", pace)
    plan = replace(PLAN, rates=(), set_pairs=0)
    for rows in (("no_match",), ("pose_only_published", "no_match"), ("no_match",)):
        whole = ablate(replace(plan, rows=rows), data, tmp_path / "runs", tmp_path / "out", networks=networks)
    assert timed == [["no_match"], ["pose_only_published", "no_match"]]
    assert whole["rows"]["no_match"]["seconds"] == [8 + 2 * 8]


def test_a_rate_is_chosen_by_all_networks_and_kept(data: Path, networks: Networks, tmp_path: Path) -> None:
    first, second = networks.distances
    ablation = runner.Ablation(PLAN, data, tmp_path, networks, print)
    row = tmp_path / "full" / "seed-0"
    for rate, one, other in ((0.001, 0.30, 0.50), (0.0001, 0.29, 0.60)):
        write_text(row / f"rate-{rate:g}" / "score.json", json.dumps({first: one, second: other}))
    assert ablation._rate("full", row) == 0.001
    write_text(row / "rate-0.0001" / "score.json", json.dumps({first: 0.1, second: 0.1}))
    assert ablation._rate("full", row) == 0.001
    write_text(row / "rate.json", "{}")
    with pytest.raises(InputError, match=r"rate.json is damaged; delete it"):
        ablation._rate("full", row)


@pytest.mark.parametrize("error", [NonFiniteLoss, DivergedError])  # of a step, and of weights beyond float16
def test_a_rate_that_diverges_is_not_taken(
    error: type[DivergedError], data: Path, networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = runner.train

    def diverging(recipe: Recipe, folder: object, run: Path, until: int | None = None, **begun: object) -> Path:
        if recipe.learning_rate > highest:
            raise error("Lower it.")
        return train(recipe, folder, run, until=until, **begun)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "train", diverging)
    plan = replace(PLAN, rows=("pose_only_published",), rates=(1e-4, 1e3), set_pairs=0)
    highest = 1e-4
    for _ in range(2):  # the second call finds it written down
        whole = ablate(plan, data, tmp_path / "runs", tmp_path / "out", networks=networks)
        assert whole["rows"]["pose_only_published"]["learning_rate"] == 1e-4
    highest = 0.0
    with pytest.raises(InputError, match="every learning rate"):
        ablate(plan, data, tmp_path / "other", tmp_path / "out", networks=networks)


def test_bad_plans_get_one_sentence(prepared: Path, networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row fulll"):
        Plan(RECIPE, rows=("full", "fulll"))
    with pytest.raises(InputError, match="--every is 0"):
        Plan(RECIPE, every=0)
    with pytest.raises(InputError, match="--rate-pairs is 0"):
        Plan(RECIPE, rate_pictures=0)
    with pytest.raises(InputError, match="learning rates above 0"):
        Plan(RECIPE, rates=(0.0,))
    with pytest.raises(InputError, match="--set-pairs is -1"):
        Plan(RECIPE, set_pairs=-1)
    with pytest.raises(InputError, match="pairs-validation"):
        ablate(PLAN, prepared, tmp_path / "runs", tmp_path / "out", networks=networks)


def test_damaged_numbers_are_named(data: Path, networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "measured.npz"
    path.write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(InputError, match="damaged"):
        runner.load_measured(path)
    for name, text in (("pace.json", '{"rows'), ("curve.jsonl", '{"seen": 8.0}\n{"se'), ("curve.jsonl", "[]\n")):
        write_text(tmp_path / name, text)
        ablation = runner.Ablation(PLAN, data, tmp_path, networks, print)
        with pytest.raises(InputError, match=f"{name} is damaged; delete it"):
            _ = ablation.pace if name == "pace.json" else ablation._train("full", RECIPE, tmp_path)
        (tmp_path / name).unlink()


def test_a_curve_that_was_lost_is_not_made_of_the_end(data: Path, networks: Networks, tmp_path: Path) -> None:
    ablation = runner.Ablation(PLAN, data, tmp_path, networks, lambda text: None)
    assert [point["seen"] for point in ablation._train("full", RECIPE, tmp_path / "row")] == [8, 16]
    (tmp_path / "row" / "curve.jsonl").unlink()
    with pytest.raises(InputError, match=r"lacks its point at 8 pairs, and the row is trained beyond; delete .*row to"):
        ablation._train("full", RECIPE, tmp_path / "row")
    assert not (tmp_path / "row" / "curve.jsonl").exists()
