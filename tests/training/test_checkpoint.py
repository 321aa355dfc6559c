"""Checkpoints survive what happens to files."""

from pathlib import Path

import pytest
import torch

from rsagan.errors import InputError
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


def test_sweep_takes_what_a_kill_left(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 8, {"seen": 8})
    (tmp_path / ".checkpoint-0000000016-x1y2z3.pt").write_bytes(b"half")
    checkpoint.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0000000008.pt"]


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
