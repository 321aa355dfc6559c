"""Checkpoints: the whole state of a run in one file, written beside and renamed. Nothing is ever unpickled freely."""

import io
import re
from pathlib import Path
from typing import Any

import torch

from rsagan.errors import InputError
from rsagan.files import replacing

_KEPT = 2


def save(run: Path, seen: int, state: dict[str, Any]) -> None:
    """Write `checkpoint-SEEN.pt` into the run's folder; of the others, that before it stays.

    Those beyond it were passed over as damaged, or the run would have gone on from them.

    Args:
        state: tensors, numbers, texts, and dicts and lists of them.

    Raises:
        InputError: the disk is full or not writable; older checkpoints stay.
    """
    path = run / f"checkpoint-{seen:010d}.pt"
    with replacing(path) as temporary:
        temporary.write_bytes(encode(state))
    found = _all(run)
    kept = found[: found.index(path) + 1][-_KEPT:]
    for other in set(found).difference(kept):
        other.unlink(missing_ok=True)


def read_newest(run: Path) -> bytes | None:
    """The bytes of the newest complete checkpoint of a run; None if there is none. Damaged ones are passed over.

    Raises:
        InputError: there are checkpoints, but none can be read; nothing is overwritten.
    """
    found = _all(run)
    for path in reversed(found):
        try:
            content = path.read_bytes()
            decode(content)
            return content
        except Exception:  # whatever a damaged file makes torch raise
            continue
    if found:
        raise InputError(f"None of the checkpoints in {run} can be read; delete them to train anew.")
    return None


def encode(state: dict[str, Any]) -> bytes:
    """What `decode` reads."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def decode(content: bytes) -> dict[str, Any]:
    """The state in a checkpoint's bytes, on the CPU."""
    return dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))


def load_newest(run: Path) -> dict[str, Any] | None:
    """What `read_newest` finds, decoded."""
    content = read_newest(run)
    return None if content is None else decode(content)


def _all(run: Path) -> list[Path]:
    return sorted(path for path in run.glob("checkpoint-*.pt") if re.fullmatch(r"checkpoint-\d{10}\.pt", path.name))
