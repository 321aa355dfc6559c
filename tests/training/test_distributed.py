"""Two processes train as one does, and a killed one changes nothing."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch.distributed.run import parse_args

from rsagan.errors import InputError
from rsagan.training import distributed
from rsagan.training.checkpoint import load_newest
from rsagan.training.loop import train
from rsagan.training.losses import pixel
from rsagan.training.recipe import Recipe

_RECIPE = """
pictures = 80
optimizer = "muon"
learning_rate = 2e-5
batch = 4
warmup = 8
precision = "float32"
log_every = 4
snapshot_every = 40
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
learning_rate = 2e-5
start = 40
fade = 8
r1_every = 2
"""

# Each process says who it is before it trains, so that one of them can be killed.
_PROGRAM = """
import os, pathlib, sys
from rsagan.training.loop import train
recipe, data, run, slow = sys.argv[1:]
path = pathlib.Path(f"{run}-pids")
path.mkdir(exist_ok=True)
(path / f"{os.environ['TORCHELASTIC_RESTART_COUNT']}-{os.environ['RANK']}").write_text(str(os.getpid()))
if float(slow):
    import time
    from rsagan.training import loop
    step = loop.train_step
    loop.train_step = lambda *given: time.sleep(float(slow)) or step(*given)
train(recipe, data, run)
"""


def _launch(folder: Path, data: Path, run: Path, slow: float = 0.0) -> subprocess.Popen[bytes]:
    """`torchrun` with two processes on this machine."""
    (folder / "tiny.toml").write_text(_RECIPE)
    (folder / "program.py").write_text(_PROGRAM)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=9"]
    command += [str(folder / "program.py"), str(folder / "tiny.toml"), str(data), str(run), str(slow)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)


def _lines(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()[-3000:]


def _assert_same_networks(one: Path, other: Path) -> None:
    """Both runs have ended, with the same weights."""
    a, b = load_newest(one), load_newest(other)
    assert a is not None
    assert b is not None
    assert a["seen"] == b["seen"] == 80
    for part in ("generator", "average"):
        assert a[part].keys() == b[part].keys()
        assert all(torch.equal(a[part][name], b[part][name]) for name in a[part])


def test_two_processes_take_the_steps_of_one(prepared: Path, tmp_path: Path) -> None:
    """Small steps, since rounding grows: the flow is read where the correspondence is highest, and that place jumps."""
    process = _launch(tmp_path, prepared, tmp_path / "two")
    train(tmp_path / "tiny.toml", prepared, tmp_path / "one")
    _finish(process)
    one, two = _lines(tmp_path / "one"), _lines(tmp_path / "two")
    assert len(one) == len(two) == 20
    assert "discriminator_picture" in one[-1]
    assert any(line["correspondence"] > 0 for line in one)
    for mine, theirs in zip(one, two, strict=True):
        assert mine.keys() == theirs.keys()
        for name in mine:
            if name.startswith(("seconds", "pictures")):
                continue
            # Means of logits lie round 0, and their measure is the margin of 1. The gradient is no loss.
            near = {"rel": 1e-3 if name == "gradient_norm" else 1e-5, "abs": 1e-5 * name.endswith("adversarial")}
            assert theirs[name] == pytest.approx(mine[name], **near), (mine["seen"], name)
    names = [{path.name for path in (tmp_path / run).iterdir()} for run in ("one", "two")]
    assert names[0] == names[1]  # the chief alone wrote, and everything


@pytest.mark.slow
def test_a_killed_process_changes_nothing(prepared: Path, tmp_path: Path) -> None:
    _finish(_launch(tmp_path, prepared, tmp_path / "straight"))
    run = tmp_path / "killed"
    process = _launch(tmp_path, prepared, run, slow=0.3)
    try:
        for seen, victim in ((16, 1), (32, 0)):
            while not (run / f"checkpoint-{seen:010d}.pt").exists():
                assert process.poll() is None
                time.sleep(0.05)
            newest = max(Path(f"{run}-pids").glob(f"*-{victim}"), key=lambda path: path.stat().st_mtime)
            os.kill(int(newest.read_text()), signal.SIGKILL)
        _finish(process)
    finally:
        process.terminate()  # takes its processes along
    assert {path.name[0] for path in Path(f"{run}-pids").iterdir()} == set("012")  # restarted twice, at once
    _assert_same_networks(tmp_path / "straight", run)
    assert [line["seen"] for line in _lines(run)] == list(range(4, 84, 4))


@pytest.mark.slow
def test_processes_that_are_asked_to_stop_agree_and_keep_their_step(prepared: Path, tmp_path: Path) -> None:
    _finish(_launch(tmp_path, prepared, tmp_path / "straight"))
    run = tmp_path / "asked"
    process = _launch(tmp_path, prepared, run, slow=0.3)
    while not (run / "log.jsonl").exists() or len(_lines(run)) < 5:
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()  # torchrun passes it on
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "are kept; the same command goes on" in errors.decode()
    kept = load_newest(run)
    assert kept is not None
    assert 20 <= kept["seen"] < 32  # checkpoints come at 16 and 32
    assert _lines(run)[-1]["seen"] == kept["seen"]
    _finish(_launch(tmp_path, prepared, run))
    _assert_same_networks(tmp_path / "straight", run)


def test_restarted_processes_do_not_meet_where_the_dead_ones_did() -> None:
    store = dist.HashStore()
    store.set("name of 1", "somebody who was killed before being told")
    for _ in range(3):  # torchrun keeps the store over restarts
        with ThreadPoolExecutor(3) as pool:
            parts = list(pool.map(lambda place: distributed._meet(store, place, 3), range(3)))
        assert not any(part.check(["address"]) for part in parts)
        parts[1].set("address", "here")
        assert all(part.get("address") == b"here" for part in parts)


def test_a_batch_that_cannot_be_shared_is_refused(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(InputError, match="RANK, LOCAL_RANK"):
        train("people-128", prepared, tmp_path)


def test_a_process_that_is_gone_is_one_sentence(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(distributed, "_PATIENCE", timedelta(seconds=1))
    with pytest.raises(InputError, match="do not reach each other"):  # nobody listens
        train("people-128", prepared, tmp_path)

    def reset(_: torch.Tensor, *__: int) -> None:
        raise RuntimeError("Connection reset by peer.\nMore of it.")

    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    for name in ("all_reduce", "broadcast"):
        monkeypatch.setattr(dist, name, reset)
    for needs in (lambda: distributed.total(torch.ones(1)), lambda: distributed.from_chief(b"a", torch.device("cpu"))):
        with pytest.raises(InputError, match=r"\(Connection reset by peer\.\); one of them may have ended"):
            needs()


def test_all_processes_are_given_the_same(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, played one after the other: the second hears what the first said."""
    said: list[bytes] = []

    class Heard(Exception):
        """All is as the first one has it."""

    def first(data: bytes, _: torch.device) -> bytes:
        said.append(data)
        raise Heard

    def second(_: bytes, __: torch.device) -> bytes:
        return said[0]

    other = shutil.copytree(prepared, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "sha256": {}}))
    recipe = Recipe(loaders=2, threads=1)
    monkeypatch.setattr(distributed, "from_chief", first)
    with pytest.raises(Heard):
        train(recipe, prepared, tmp_path / "run", until=8)
    monkeypatch.setattr(distributed, "from_chief", second)
    for mine, data, until in ((replace(recipe, clip=2.0), prepared, 8), (recipe, other, 8), (recipe, prepared, 16)):
        with pytest.raises(InputError, match="another recipe or data set than the first one"):
            train(mine, data, tmp_path / "run", until=until)
    monkeypatch.setattr("rsagan.training.loop.checkpoint.read_newest", lambda run: (_ for _ in ()).throw(Heard))
    with pytest.raises(Heard):  # it got further
        train(replace(recipe, loaders=1), prepared, tmp_path / "run", until=8)
    assert not (tmp_path / "run").exists()


def test_ratio_puts_each_part_over_the_common_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, played one after the other: the mean of what they say is the loss of the whole batch."""
    a, b = torch.rand(2, 4, 3, 8, 8)
    weight = torch.rand(4, 1, 8, 8) * torch.tensor([0.0, 0.1, 1.0, 2.0])[:, None, None, None]
    whole = pixel(a, b, weight)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    monkeypatch.setattr(distributed, "total", lambda value: weight.sum())
    parts = [pixel(a[half], b[half], weight[half]) for half in (slice(0, 2), slice(2, 4))]
    torch.testing.assert_close(torch.stack(parts).mean(), whole)


def test_torchrun_understands_the_commands_of_the_docs() -> None:
    """It would take `--run` for the beginning of an option of its own."""
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line.partition("torchrun ")[2] for line in text.splitlines() if re.match(r"(srun )?torchrun ", line)]
    understood = [parse_args(shlex.split(command)) for command in commands]
    runs = [given for given in understood if given.module]
    assert len(runs) == len(understood) - 1  # and the benchmark of the speed
    for given in runs:
        assert given.training_script == "rsagan"
        assert given.training_script_args[0] == "train"
        assert "--run" in given.training_script_args
