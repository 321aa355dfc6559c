"""What a benchmark has found, printed and kept."""

import argparse
import json
from pathlib import Path
from typing import Any

from rsagan.evaluation.intervals import Row
from rsagan.files import write_text


def tell(found: dict[str, Any], out: Path | None) -> None:
    """Print it as JSON, and write the same into a file if one is wanted."""
    text = json.dumps(found, indent=1)
    print(text)
    if out:
        write_text(out, text + "\n")


def told(row: Row, form: str) -> str:
    """A value with its interval, each in the format `form`."""
    numbers = ("-" if each is None else format(each, form) for each in (row["value"], *row["interval"]))
    return "{} ({} ... {})".format(*numbers)


def asked(description: str | None) -> argparse.Namespace:
    """`data`, a prepared folder, `limit` of its pairs, and where to write: folders `numbers` and `pictures`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--docs", type=Path)
    found = parser.parse_args()
    found.numbers = found.docs / "results" if found.docs else found.out
    found.pictures = found.docs / "images" if found.docs else found.out
    return found
