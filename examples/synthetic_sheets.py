"""The sheets of synthetic people in the documentation: `python examples/synthetic_sheets.py OUT [--assets DIR]`.

The first seeds, not chosen. Writes OUT/people-64.jpg (64 people, one picture each), OUT/one-person-8-poses.jpg (three
people, eight pictures each), OUT/styles.jpg (five people, eight pictures each, in three styles) and, with the folder of
an asset pack, OUT/people-pack.jpg (32 people styled from it).
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from rsagan.synthetic import identity, render_view

SMALL, LARGE = (192, 132), (256, 176)


def save(path: Path, rows: list[list[np.ndarray]]) -> None:
    """Pictures in rows as one JPEG file."""
    sheet = np.concatenate([np.concatenate(row, 1) for row in rows])
    Image.fromarray(sheet).save(path, quality=88)


def people(count: int, assets: str | None = None) -> list[list[np.ndarray]]:
    """The first people, eight a row, each as first seen in the catalogue."""
    pictures = [render_view(identity(seed, assets), 0, SMALL).picture for seed in range(count)]
    return [pictures[k : k + 8] for k in range(0, count, 8)]


def views(styles: list[str], size: tuple[int, int]) -> list[list[np.ndarray]]:
    """One person a row in eight pictures, as many people as styles."""
    return [
        [render_view(identity(seed), v, size, style).picture for v in range(8)] for seed, style in enumerate(styles)
    ]


def main() -> None:
    """Write the sheets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--assets", help="folder of an asset pack")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    save(options.out / "people-64.jpg", people(64))
    save(options.out / "one-person-8-poses.jpg", views(["studio"] * 3, LARGE))
    save(options.out / "styles.jpg", views(["studio", "studio", "street", "street", "surveillance"], SMALL))
    if options.assets:
        save(options.out / "people-pack.jpg", people(32, options.assets))


if __name__ == "__main__":
    main()
