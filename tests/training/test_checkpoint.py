"""Checkpoints survive what happens to files."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from rsagan.errors import InputError
from rsagan.files import sweep
from rsagan.training import checkpoint


def test_the_newest_complete_one_is_used(tmp_path: Path) -> None:
    assert checkpoint.load_newest(tmp_path) is None
    for seen in (8, 16, 24):
        checkpoint.save(tmp_path, seen, {"seen": seen, "weights": {"w": torch.full((3,), float(seen))}})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-0000000016.pt", "checkpoint-0000000024.pt"]
    newest = checkpoint.load_newest(tmp_path)
    assert newest is not None
    assert newest["seen"] == 24

    damaged = tmp_path / "checkpoint-0000000024.pt"
    damaged.write_bytes(damaged.read_bytes()[:200])
    older = checkpoint.load_newest(tmp_path)
    assert older is not None
    assert older["seen"] == 16


def test_damaged_ones_take_no_place_of_whole_ones(tmp_path: Path) -> None:
    for seen in (8, 16):
        checkpoint.save(tmp_path, seen, {"seen": seen})
    for seen in (16, 24):  # three lie there if a kill came between writing one and deleting the oldest
        (tmp_path / f"checkpoint-{seen:010d}.pt").write_bytes(b"half of one")
    assert checkpoint.load_newest(tmp_path) == {"seen": 8}
    checkpoint.save(tmp_path, 12, {"seen": 12})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-0000000008.pt", "checkpoint-0000000012.pt"]
    assert checkpoint.load_newest(tmp_path) == {"seen": 12}


def test_nothing_is_unpickled_freely(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple:
            return (open, (str(marker), "w"))

    torch.save({"seen": Trap()}, tmp_path / "checkpoint-0000000001.pt")
    with pytest.raises(InputError, match="None of the checkpoints"):
        checkpoint.load_newest(tmp_path)
    assert not marker.exists()


def test_a_failed_write_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, 8, {"seen": 8})

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        checkpoint.save(tmp_path, 16, {"seen": 16})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0000000008.pt"]


_SAVER = """
import pathlib, sys
import torch
from rsagan.training import checkpoint

run = pathlib.Path(sys.argv[1])
found = checkpoint.load_newest(run)
seen = found["seen"] if found else 0
while True:
    seen += 1
    checkpoint.save(run, seen, {"seen": seen, "weights": torch.full((500_000,), float(seen))})
    print(seen, flush=True)
"""


@pytest.mark.slow
def test_fifty_kills_lose_no_complete_checkpoint(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    promised = 0
    for _ in range(50):
        command = [sys.executable, "-c", _SAVER, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
        assert process.stdout is not None
        first = process.stdout.readline()  # from here on it does nothing but write
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        lines = [first, *process.stdout.read().splitlines(keepends=True)]
        process.wait()
        promised = max(promised, *(int(line) for line in lines if line.endswith(b"\n")))
        newest = checkpoint.load_newest(tmp_path)
        assert newest is not None
        assert newest["seen"] >= promised
        assert bool((newest["weights"] == newest["seen"]).all())
        sweep(tmp_path)
        assert all(path.name.startswith("checkpoint-") for path in tmp_path.iterdir())
    assert promised > 50
