"""What several rooms' tests share: a small prepared folder of drawn, not rendered, people."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from rsagan.assets import fetch
from rsagan.data.prepared import Entry, write_lists, write_view
from rsagan.errors import AssetError

SIZE = (64, 48)


@pytest.fixture(autouse=True)
def steady() -> Iterator[None]:
    """The same draws each time; and one thread, since tiny networks gain nothing from more where cores are shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def analysis() -> None:
    """Skips where the photo analysis' files cannot be had."""
    try:
        fetch("pose-detection")
        fetch("pose-landmark")
    except AssetError as error:
        pytest.skip(str(error))


def draw_view(person: int, view: int, size: tuple[int, int] = SIZE) -> tuple[np.ndarray, ...]:
    """A block figure that wanders with the view: picture, parsing, surface, points."""
    random = np.random.default_rng((person, view))
    colours = np.random.default_rng(person).integers(30, 226, (8, 3))
    height, width = size
    left, top = int(random.integers(2, width // 3)), int(random.integers(0, height // 8))
    picture = np.full((height, width, 3), 200, np.uint8)
    parsing = np.zeros((height, width), np.uint8)
    surface = np.zeros((height, width, 3), np.uint16)
    tall, wide = height * 3 // 4, width // 2
    for region, (y0, y1) in {1: (0, 0.08), 2: (0.08, 0.2), 3: (0.2, 0.5), 4: (0.5, 0.8), 7: (0.8, 1)}.items():
        rows = slice(top + int(y0 * tall), top + int(y1 * tall))
        columns = slice(left, left + wide)
        picture[rows, columns], parsing[rows, columns] = colours[region], region
    y, x = np.nonzero(parsing)
    surface[y, x] = np.stack([100 + 8 * (x - left), 100 + 8 * (y - top), np.full(len(x), 300)], 1)
    picture[y, x] += ((x - left) // 4 % 2 * 20).astype(np.uint8)[:, None]  # stripes that stick to the body
    share = np.array(
        [(0.5, 0.12), (0.5, 0.2), (0.2, 0.22), (0.1, 0.35), (0.1, 0.5), (0.8, 0.22), (0.9, 0.35), (0.9, 0.5),
         (0.3, 0.5), (0.3, 0.7), (0.3, 0.95), (0.7, 0.5), (0.7, 0.7), (0.7, 0.95), (0.4, 0.1), (0.6, 0.1),
         (0.3, 0.11), (0.7, 0.11)]
    )  # fmt: skip
    points = (share * (wide, tall) + (left, top)).astype(np.float32)
    return picture, parsing, surface, points


def fill_folder(folder: Path, people: int = 4, views: int = 3, size: tuple[int, int] = SIZE) -> Path:
    entries = []
    for person in range(people):
        for view in range(views):
            picture, parsing, surface, points = draw_view(person, view, size)
            if view == 1:
                points[7] = np.nan
            entry = Entry(f"p{person}_{view}", f"p{person}", points, ~np.isnan(points[:, 0]), 0.0, {})
            entries.append(write_view(folder, entry, picture, parsing, surface))
    names = [
        [(a.name, b.name) for a in entries for b in entries if a.identity == b.identity == f"p{person}" and a is not b]
        for person in range(people)
    ]
    train = [pair for person in names[:-2] for pair in person]
    test = [pair for person in names[-2:] for pair in person]
    write_lists(folder, entries, train, test, {"frame": list(size), "source": "drawn", "licence": "CC0-1.0"})
    return folder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of 4 people (2 for testing) in 3 views at 64x48. Read only."""
    return fill_folder(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny network for 128x88 frames."""
    import torch

    from rsagan.network import Config, Generator, save_weights

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    config = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=4, key_channels=8)
    save_weights(path, Generator(config), {"size": [128, 88], "data": "none"})
    return path
