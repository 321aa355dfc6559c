"""Views of a prepared folder by whatever name a list or a file gives them."""

import re
from pathlib import Path

from rsagan.data.prepare.names import deepfashion_name, market_name
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError

Pair = tuple[str, str]


def view_named(text: str, folder: PreparedFolder) -> str | None:
    """The view's own name, from itself with or without an ending, or from a benchmark's list; None if there is none."""
    plain = re.sub(r"\.(jpe?g|png|webp)$", "", text, flags=re.IGNORECASE)
    for name in (text, plain, deepfashion_name(plain), market_name(plain)):
        if name is not None and name in folder.index:
            return name
    return None


def read_pairs_of(folder: PreparedFolder, path: Path | str | None) -> list[Pair]:
    """Source and target views: the folder's test pairs, or those of a file with the header `from,to`.

    Raises:
        InputError: the file cannot be read, names something that is no view of the folder, or a pair twice.
    """
    if path is None:
        return [(folder.entries[a].name, folder.entries[b].name) for a, b in folder.pairs("test")]
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read the list of pairs {path}.") from error
    if not lines or lines[0].replace(" ", "") != "from,to":
        raise InputError(f"{path} must begin with the line `from,to`.")
    pairs: dict[Pair, None] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        names = [view_named(text.strip(), folder) for text in line.split(",")]
        if len(names) != 2 or names[0] is None or names[1] is None:
            raise InputError(f"{path}, line {number}: {line[:80]!r} does not name two views of {folder.path}.")
        if (names[0], names[1]) in pairs:
            raise InputError(f"{path}, line {number}: {line[:80]!r} is listed twice.")
        pairs[names[0], names[1]] = None
    if not pairs:
        raise InputError(f"{path} lists no pairs.")
    return list(pairs)
