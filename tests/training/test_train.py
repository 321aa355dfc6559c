"""The loop on a tiny network: it learns, resumes bit for bit, and stops before it breaks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.files import held
from rsagan.network import Config, Generator, load_weights, save_weights
from rsagan.training import loop
from rsagan.training.checkpoint import load_newest
from rsagan.training.loop import NonFiniteLoss, schedule, train
from rsagan.training.recipe import Adversary, Losses, Recipe, load_recipe

TINY = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=8, key_channels=16)
RECIPE = Recipe(
    pictures=64,
    batch=4,
    warmup=8,
    log_every=8,
    snapshot_every=1000,
    checkpoint_every=16,
    network=TINY,
    losses=Losses(backbone="vgg16_random", layers=("1_1", "2_1"), head_layers=("1_1",), style_layers=("1_1", "2_1")),
    adversary=Adversary(start=8, fade=8, r1_every=2),
)

_TOML = """
optimizer = "muon"
pictures = 64
batch = 4
warmup = 8
log_every = 8
snapshot_every = 1000
checkpoint_every = 16
[network]
widths = [8, 8, 16, 16]
heads = 2
blocks = 1
match_channels = 8
key_channels = 16
[losses]
backbone = "vgg16_random"
layers = ["1_1", "2_1"]
head_layers = ["1_1"]
style_layers = ["1_1", "2_1"]
[adversary]
start = 8
fade = 8
r1_every = 2
"""


def _tensors(value: object, name: str = "") -> dict[str, torch.Tensor]:
    """All tensors of a nested state, by path."""
    if isinstance(value, torch.Tensor):
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return {path: t for key, each in items for path, t in _tensors(each, f"{name}/{key}").items()}


def _assert_equal_states(one: Path, other: Path) -> None:
    a, b = load_newest(one), load_newest(other)
    assert a is not None
    assert b is not None
    assert a["seen"] == b["seen"]
    first, second = _tensors(a), _tensors(b)
    assert first.keys() == second.keys()
    assert len(first) > 100
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert not different


def test_a_run_leaves_everything(prepared: Path, tmp_path: Path) -> None:
    weights = train(RECIPE, prepared, tmp_path / "run", until=24)
    run = tmp_path / "run"
    names = {path.name for path in run.iterdir()}
    assert {"weights.safetensors", "log.jsonl", "recipe.json", "grid-0000000024.png"} <= names
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["seen"] for line in lines] == [8, 16, 24]
    assert all(np.isfinite(list(line.values())).all() for line in lines)
    assert "adversarial" not in lines[0]
    assert {"adversarial", "discriminator_head", "penalty_picture"} <= lines[2].keys()
    generator, metadata = load_weights(weights)
    assert generator.config == TINY
    assert metadata["size"] == [64, 48]
    assert metadata["training"]["pictures_seen"] == 24
    assert metadata["data"]["licence"] == "CC0-1.0"


def test_it_learns(prepared: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, pictures=240, learning_rate=2e-3, adversary=replace(RECIPE.adversary, start=10_000))
    train(recipe, prepared, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["pixel"] < 0.7 * lines[0]["pixel"]
    assert lines[-1]["target_parsing"] < 0.8 * lines[0]["target_parsing"]


def test_resuming_in_a_new_process_is_bit_for_bit(prepared: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(_TOML)
    program = (
        "import sys; from rsagan.training.loop import train; "
        "train(sys.argv[1], sys.argv[2], sys.argv[3], until=int(sys.argv[4]))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for run, until in (("straight", "40"), ("halves", "20"), ("halves", "40")):
        command = [sys.executable, "-c", program, str(recipe), str(prepared), str(tmp_path / run), until]
        subprocess.run(command, check=True, env=environment, capture_output=True)
    _assert_equal_states(tmp_path / "straight", tmp_path / "halves")
    logs = [[json.loads(line) for line in (tmp_path / run / "log.jsonl").read_text().splitlines()][-1] for run in
            ("straight", "halves")]  # fmt: skip
    same = {name for name in logs[0] if not name.startswith(("seconds", "pictures"))}
    assert {name: logs[0][name] for name in same} == {name: logs[1][name] for name in same}


def test_a_run_in_which_another_process_is_at_work_is_left_alone(prepared: Path, tmp_path: Path) -> None:
    train(RECIPE, prepared, tmp_path, until=8)
    (tmp_path / ".writing-theirs").touch()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    with held(tmp_path), pytest.raises(InputError, match="Another process is at work"):
        train(RECIPE, prepared, tmp_path, until=16)
    assert {path: path.stat().st_mtime_ns for path in before if path.exists()} == before
    train(RECIPE, prepared, tmp_path, until=16)
    assert not (tmp_path / ".writing-theirs").exists()


def test_a_crash_loses_only_what_came_after_the_checkpoint(prepared: Path, tmp_path: Path) -> None:
    train(RECIPE, prepared, tmp_path / "straight", until=32)
    train(RECIPE, prepared, tmp_path / "crashed", until=16)
    with (tmp_path / "crashed/log.jsonl").open("a") as file:
        file.write('{"seen": 24, "total": 1}\n{"seen": 28, "to')  # what a crash at 28 leaves
    train(RECIPE, prepared, tmp_path / "crashed", until=32)
    _assert_equal_states(tmp_path / "straight", tmp_path / "crashed")
    seen = [json.loads(line)["seen"] for line in (tmp_path / "crashed/log.jsonl").read_text().splitlines()]
    assert seen == [8, 16, 24, 32]


@pytest.fixture
def hearing() -> Iterator[None]:
    """Signals as in a terminal, also where the tests run in the background, whose Ctrl-C is ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {each: signal.signal(each, handler) for each, handler in usual.items()}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("hearing")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_asked_to_stop_it_ends_its_step_and_keeps_it(
    how: str, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(RECIPE, prepared, tmp_path / "straight", until=32)
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    step = loop.train_step

    def asked(state: loop.State, *given: Any) -> Any:
        if state.seen == 20:
            signal.raise_signal(getattr(signal, how))
        return step(state, *given)

    monkeypatch.setattr(loop, "train_step", asked)
    with pytest.raises(KeyboardInterrupt, match="stopped after 24 pictures, which are kept"):
        train(RECIPE, prepared, tmp_path / "asked", until=32)
    monkeypatch.undo()
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    kept = load_newest(tmp_path / "asked")
    assert kept is not None
    assert kept["seen"] == 24  # no multiple of `checkpoint_every`
    assert load_weights(tmp_path / "asked/weights.safetensors")[1]["training"]["pictures_seen"] == 24
    train(RECIPE, prepared, tmp_path / "asked", until=32)
    _assert_equal_states(tmp_path / "straight", tmp_path / "asked")


@pytest.mark.usefixtures("hearing")
def test_what_is_ignored_does_not_stop_it(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = loop.train_step

    def asked(state: loop.State, *given: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return step(state, *given)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    monkeypatch.setattr(loop, "train_step", asked)
    train(RECIPE, prepared, tmp_path / "run", until=16)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    kept = load_newest(tmp_path / "run")
    assert kept is not None
    assert kept["seen"] == 16


@pytest.mark.usefixtures("hearing")
def test_asked_twice_it_stops_at_once(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*_: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    monkeypatch.setattr(loop, "train_step", impatient)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        train(RECIPE, prepared, tmp_path / "run")
    assert load_newest(tmp_path / "run") is None


@pytest.mark.slow
def test_kills_at_any_moment_change_nothing(prepared: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(_TOML.replace("checkpoint_every = 16", "checkpoint_every = 4"))
    program = "import sys; from rsagan.training.loop import train; train(*sys.argv[1:])"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    random = np.random.default_rng(0)

    def start(run: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", program, str(recipe), str(prepared), str(tmp_path / run)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    assert start("straight").wait() == 0
    kills = 0
    while True:
        process = start("killed")
        progressed = tmp_path / "killed/log.jsonl"
        before = progressed.stat().st_size if progressed.exists() else 0
        while process.poll() is None and (progressed.stat().st_size if progressed.exists() else 0) <= before:
            time.sleep(0.02)
        if process.poll() is None:
            time.sleep(random.uniform(0, 0.3))
            process.kill()
            kills += 1
        if process.wait() == 0:
            break
    assert kills >= 2
    _assert_equal_states(tmp_path / "straight", tmp_path / "killed")
    assert not list((tmp_path / "killed").glob(".writing-*"))


def test_a_full_disk_is_one_sentence_and_costs_no_checkpoint(prepared: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    train(RECIPE, prepared, tmp_path / "run", until=16)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))  # what is longer fails as on a full disk
    try:
        with pytest.raises(InputError, match=r"^Cannot write .*: File too large\.$"):
            train(RECIPE, prepared, tmp_path / "run", until=32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "run").glob(".writing-*"))
    train(RECIPE, prepared, tmp_path / "run", until=32)
    train(RECIPE, prepared, tmp_path / "straight", until=32)
    _assert_equal_states(tmp_path / "straight", tmp_path / "run")


def test_checkpoints_come_by_the_clock_too(prepared: Path, tmp_path: Path) -> None:
    train(replace(RECIPE, checkpoint_minutes=1e-6), prepared, tmp_path, until=12)
    names = sorted(path.name for path in tmp_path.glob("checkpoint-*"))
    assert names == ["checkpoint-0000000008.pt", "checkpoint-0000000012.pt"]


def test_a_finished_run_is_left_alone(prepared: Path, tmp_path: Path) -> None:
    weights = train(RECIPE, prepared, tmp_path, until=8)
    before = weights.read_bytes()
    assert train(RECIPE, prepared, tmp_path, until=8) == weights
    assert weights.read_bytes() == before


_VARIANTS = [
    {"semantics": False, "match": False},
    {"injection": "none", "detail": False},
    {"match": False, "injection": "regions", "integration": "convolution"},
]


@pytest.mark.parametrize("changes", _VARIANTS)
def test_every_variant_trains(prepared: Path, tmp_path: Path, changes: dict) -> None:
    recipe = replace(RECIPE, network=replace(TINY, **changes))
    train(recipe, prepared, tmp_path, until=12)
    line = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert ("target_parsing" in line) == recipe.network.semantics
    assert ("rescoring" in line) == recipe.network.match
    assert ("correspondence" in line) == (recipe.network.injection == "correspondence")
    assert ("flow" in line) == recipe.network.detail


def test_losses_of_weight_0_cost_nothing(prepared: Path, tmp_path: Path) -> None:
    off = Losses(pixel=1, perceptual=0, style=0, head_perceptual=0, head_style=0, backbone="vgg16_hed", adversarial=0,
                 head_adversarial=0, rescoring=0, target_parsing=0, correspondence=0, flow=0, carried=0)  # fmt: skip
    train(replace(RECIPE, losses=off, precision="float32"), prepared, tmp_path, until=8)
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert not line.keys() & {"perceptual", "style", "flow", "adversarial", "discriminator_picture"}


def test_heads_may_be_judged_alone(prepared: Path, tmp_path: Path) -> None:
    losses = replace(RECIPE.losses, adversarial=0.0, head_adversarial=0.05)
    train(replace(RECIPE, losses=losses, adversary=Adversary(start=0, fade=1, r1_every=1)), prepared, tmp_path, until=8)
    line = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert {"head_adversarial", "discriminator_head", "penalty_head"} <= line.keys()
    assert not line.keys() & {"adversarial", "discriminator_picture"}


def test_real_pictures_need_no_surface(prepared: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(prepared, tmp_path / "folder", ignore=shutil.ignore_patterns("surface"))
    entries = PreparedFolder(prepared).entries
    known = [replace(each, sha256={kind: each.sha256[kind] for kind in ("images", "parsing")}) for each in entries]
    (folder / "poses.jsonl").write_text("".join(each.to_json() + "\n" for each in known), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "sha256": {}}))
    train(RECIPE, folder, tmp_path / "run", until=8)
    line = json.loads((tmp_path / "run/log.jsonl").read_text())
    assert line["correspondence"] == line["flow"] == 0
    assert line["carried"] > 0


def test_no_checkpoint_holds_a_step_that_was_not_finite(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rsagan.training import losses

    train(RECIPE, prepared, tmp_path, until=16)
    monkeypatch.setattr(losses, "target_parsing", lambda logits, _: logits.sum() * torch.nan)
    with pytest.raises(NonFiniteLoss, match="target_parsing") as caught:
        train(RECIPE, prepared, tmp_path, until=32)
    assert "non-finite-0000000016.npz" in str(caught.value)
    with np.load(tmp_path / "non-finite-0000000016.npz") as saved:
        assert saved["source"].shape == (4, 3, 64, 48)
    state = load_newest(tmp_path)
    assert state is not None
    assert state["seen"] == 16


def test_a_discriminators_gradient_that_is_none_is_not_followed(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rsagan.training import losses

    hinge = losses.hinge

    def steep(real: list[torch.Tensor], fake: list[torch.Tensor]) -> torch.Tensor:
        return hinge(real, fake) + (real[0].mean() * 0).sqrt()  # 0, with an infinite slope

    monkeypatch.setattr(losses, "hinge", steep)
    with pytest.raises(NonFiniteLoss, match="the gradient"):
        train(RECIPE, prepared, tmp_path, until=RECIPE.adversary.start + RECIPE.batch)


def test_the_weights_are_those_of_where_it_stops(prepared: Path, tmp_path: Path) -> None:
    weights = train(RECIPE, prepared, tmp_path, until=4)
    save_weights(weights, Generator(TINY), {"size": [64, 48], "training": {"pictures_seen": 0}})  # older than the rest
    again = train(RECIPE, prepared, tmp_path, until=4)
    assert load_weights(again)[1]["training"]["pictures_seen"] == 4
    weights.write_bytes(weights.read_bytes()[:1000])  # damaged; the checkpoint has all that is needed
    assert load_weights(train(RECIPE, prepared, tmp_path, until=4))[1]["training"]["pictures_seen"] == 4
    with pytest.raises(InputError, match="after 0 pictures"):
        train(RECIPE, prepared, tmp_path / "new", until=0)
    assert not (tmp_path / "new").exists()


def test_weights_without_a_checkpoint_are_not_trained_over(prepared: Path, tmp_path: Path) -> None:
    weights = train(RECIPE, prepared, tmp_path, until=4)
    for each in tmp_path.glob("checkpoint-*.pt"):
        each.unlink()
    before = {name: (tmp_path / name).read_bytes() for name in ("weights.safetensors", "log.jsonl", "recipe.json")}
    with pytest.raises(InputError, match="weights but no checkpoint"):
        train(RECIPE, prepared, tmp_path, until=8)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert train(RECIPE, prepared, tmp_path / "new", until=4, start=weights).is_file()


def test_the_head_alone_may_be_looked_at(prepared: Path, tmp_path: Path) -> None:
    only = replace(RECIPE.losses, perceptual=0.0, style=0.0, layers=("1_1", "2_1"), head_layers=("1_1",))
    train(replace(RECIPE, losses=only, log_every=4), prepared, tmp_path, until=4)
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert "head_perceptual" in line
    assert "perceptual" not in line


def test_a_run_of_something_else_is_refused(prepared: Path, tmp_path: Path) -> None:
    train(RECIPE, prepared, tmp_path, until=4)
    noted = (tmp_path / "recipe.json").read_bytes()
    with pytest.raises(InputError, match="another recipe"):
        train(replace(RECIPE, network=replace(TINY, blocks=2)), prepared, tmp_path, until=8)
    assert (tmp_path / "recipe.json").read_bytes() == noted
    train(replace(RECIPE, log_every=4), prepared, tmp_path, until=8)  # what does not matter may change


def test_the_learning_rate_rises_and_falls() -> None:
    recipe = load_recipe("people-128")
    rates = [schedule(recipe, seen) for seen in (0, recipe.warmup, recipe.pictures // 2, recipe.pictures)]
    assert rates[0] < 0.02
    assert rates[1] == pytest.approx(1, abs=0.01)
    assert rates[2] == pytest.approx(0.5 + recipe.final_rate / 2, abs=0.01)
    assert rates[3] == pytest.approx(recipe.final_rate)


def test_a_run_begins_with_given_weights_and_says_so(prepared: Path, tmp_path: Path) -> None:
    first = train(RECIPE, prepared, tmp_path / "first", until=8)
    second = train(replace(RECIPE, learning_rate=1e-12, seed=5), prepared, tmp_path / "second", until=8, start=first)
    given, header = load_weights(first)
    kept, told = load_weights(second)
    for name, tensor in given.state_dict().items():
        torch.testing.assert_close(kept.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)
    assert told["training"]["start"]["training"] == header["training"]
    assert told["training"]["pictures_seen"] == 8
    # A run that has begun goes on as it was, whatever it is told to begin with, and without that.
    first.unlink()
    third = train(replace(RECIPE, seed=5), prepared, tmp_path / "second", until=16, start=first)
    assert load_weights(third)[1]["training"]["start"] == told["training"]["start"]


def test_a_run_takes_over_what_fits_of_a_network_with_another_module(prepared: Path, tmp_path: Path) -> None:
    spatial = replace(RECIPE, network=replace(TINY, integration="spatial"), learning_rate=1e-12, seed=5)
    first = train(spatial, prepared, tmp_path / "first", until=8)
    given = load_weights(first)[0].state_dict()
    warped = replace(spatial, network=replace(TINY, integration="warped"))
    kept, header = load_weights(train(warped, prepared, tmp_path / "second", until=8, start=first))
    for name, tensor in kept.state_dict().items():
        torch.testing.assert_close(tensor, given[name], rtol=1e-3, atol=1e-6)
    assert header["training"]["start"]["network"] == {"integration": "spatial"}
    assert "anew" not in header["training"]["start"]  # it has fewer layers, and the same otherwise

    plain = replace(warped, network=replace(TINY, semantics=False, match=False, integration="convolution"))
    kept, header = load_weights(train(plain, prepared, tmp_path / "third", until=8, start=first))
    anew = header["training"]["start"]["anew"]
    assert anew
    for name, tensor in kept.state_dict().items():
        same = name in given and given[name].shape == tensor.shape
        assert same != (name in anew)
        if same:
            torch.testing.assert_close(tensor, given[name], rtol=1e-3, atol=1e-6)


def test_another_beta_is_another_optimiser(prepared: Path, tmp_path: Path) -> None:
    train(RECIPE, prepared, tmp_path / "run", until=4)
    with pytest.raises(InputError, match="another recipe"):
        train(replace(RECIPE, betas=(0.9, 0.999)), prepared, tmp_path / "run", until=8)


def test_weights_of_another_network_are_refused_by_what_differs(prepared: Path, tmp_path: Path) -> None:
    weights = train(RECIPE, prepared, tmp_path / "run", until=8)
    other = replace(RECIPE, network=replace(TINY, match_channels=16))
    with pytest.raises(InputError, match="match_channels = 8"):
        train(other, prepared, tmp_path / "other", start=weights)
    assert not (tmp_path / "other").exists()


def test_frames_that_the_losses_cannot_divide_are_refused(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    folder.size = (60, 44)
    with pytest.raises(InputError, match="60x44; to train on"):
        train(RECIPE, folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_second_source_is_mixed_in_and_named(prepared: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, mixed=0.5)
    weights = train(recipe, prepared, tmp_path / "run", until=8, mix=prepared)
    assert load_weights(weights)[1]["data"]["mixed_in"]["source"] == load_weights(weights)[1]["data"]["source"]
    alone = train(recipe, prepared, tmp_path / "alone", until=8)
    assert "mixed_in" not in load_weights(alone)[1]["data"]
    assert any(
        not torch.equal(a, b)
        for a, b in zip(load_weights(weights)[0].parameters(), load_weights(alone)[0].parameters(), strict=True)
    )
    with pytest.raises(InputError, match="run was begun with another data set; choose a new folder"):
        train(recipe, prepared, tmp_path / "run", until=16)


def test_what_a_run_was_begun_with_is_told(prepared: Path, tmp_path: Path) -> None:
    train(RECIPE, prepared, tmp_path, until=4)
    network = replace(TINY, blocks=2)
    with pytest.raises(InputError, match=r"was begun with another recipe \(other batch, network\.blocks\)"):
        train(replace(RECIPE, batch=8, network=network), prepared, tmp_path)
    (tmp_path / "recipe.json").write_text("[")
    with pytest.raises(InputError, match="another recipe or data set"):
        train(replace(RECIPE, batch=8), prepared, tmp_path)


def test_the_data_are_no_folder_for_a_run(prepared: Path, tmp_path: Path) -> None:
    before = sorted(prepared.iterdir())
    for data, mix in ((prepared, None), ("synthetic:1:64x48", prepared)):
        with pytest.raises(InputError, match="holds the data to train on"):
            train(RECIPE, data, prepared / "images" / "..", mix=mix)
    assert sorted(prepared.iterdir()) == before
