"""What a benchmark has found, printed and kept."""

import json
from pathlib import Path
from typing import Any

from rsagan.files import replacing


def tell(found: dict[str, Any], out: Path | None) -> None:
    """Print it as JSON, and write the same into a file if one is wanted."""
    text = json.dumps(found, indent=1)
    print(text)
    if out:
        keep(out, text + "\n")


def keep(out: Path, text: str) -> None:
    """Write a text file, whole or not at all; its folder is made if need be."""
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
