"""How fast a benchmark is prepared when nothing has to be estimated, and whether memory stays flat.

    python benchmarks/prepare_speed.py docs/results/prepare-speed.json

Writes drawn people in DeepFashion's layout (256x256 JPEGs, lists, 8-class region maps) in a folder of its own, prepares
them by the command line's own function in a process of its own, and writes JSON. `pictures a second` is by the clock,
from the first list that is read to the finished report; `CPU seconds a picture` does not mind who else computes.
Memory is looked at on the way: that of the process, and the largest of its workers.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import reports

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
WANTED = 150.0  # pictures a second on two cores
_LOOKS = 10  # at memory


def write(folder: Path, pictures: int) -> None:
    """So many pictures of two views a person; the drawings repeat, their names do not."""
    import layouts
    from layouts import Figure

    drawn = layouts.figures(20)
    drawn = [figure for figure in drawn if (figure.points >= 0).all()]
    people = []
    for i in range(pictures):
        figure, split = drawn[i // 2 % len(drawn)], "train" if i < pictures * 0.9 else "test"
        people.append(Figure(i // 2, i % 2, figure.picture, figure.parsing, figure.points, True, split))
    layouts.write_lists(folder, people)
    with tempfile.TemporaryDirectory() as once:  # each drawing is encoded once, and copied
        first = people[: 2 * len(drawn)]
        layouts.download(Path(once), first)
        layouts.write_maps(Path(once), first, "pise", "SPL8")
        encoded = [[path.read_bytes() for path in files(Path(once), figure)] for figure in first]
    for i, figure in enumerate(people):
        for path, content in zip(files(folder, figure), encoded[i % len(encoded)], strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def files(folder: Path, figure: Any) -> tuple[Path, Path]:
    """Where a figure's picture and map lie."""
    import layouts

    name = layouts.listed_name(figure, "fashion").replace(".jpg", ".png")
    return folder / "img" / layouts.nested_name(figure), folder / f"{figure.split}SPL8" / name


def prepare(folder: Path, workers: int) -> None:
    """Prepare and print what it took."""
    import psutil

    from rsagan.data.prepare import prepare_deepfashion

    memory: list[dict[str, float]] = []

    def look(done: int, total: int) -> None:
        if done * _LOOKS < len(memory) * total:
            return
        own = psutil.Process()
        of_workers = [child.memory_info().rss for child in own.children()]
        memory.append(
            {
                "pictures": done,
                "process": own.memory_info().rss >> 20,
                "largest worker": max(of_workers, default=0) >> 20,
            }
        )

    start = time.perf_counter()
    report = prepare_deepfashion(folder / "out", folder, parsing=folder, workers=workers, progress=look)
    seconds = time.perf_counter() - start
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    pictures = sum(report["counts"][f"{split} pictures"]["found"] for split in ("train", "test"))
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    found = {
        "pictures": pictures,
        "workers": workers,
        "seconds": round(seconds, 1),
        "pictures a second": round(pictures / seconds, 1),
        "CPU seconds a picture": round(cpu / pictures, 5),
        "peak MiB of the process": own.ru_maxrss >> 10,
        "peak MiB of a worker": children.ru_maxrss >> 10,
        "MiB on the way": memory,
    }
    print(json.dumps(found))


def measure(pictures: int, workers: int) -> dict[str, Any]:
    """What `prepare` prints of so many pictures, written first and deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="prepare-speed-"))
    try:
        write(folder, pictures)
        command = [sys.executable, __file__, "--workers", str(workers), "--folder", str(folder)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return dict(json.loads(done.stdout))
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?", help="the JSON file to write")
    parser.add_argument("--pictures", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        prepare(given.folder, given.workers)
        return
    runs = [measure(pictures, given.workers) for pictures in given.pictures]
    report = {
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "wanted": f"{WANTED:.0f} pictures a second with 2 workers",
        "runs": runs,
    }
    reports.tell(report, given.out)
    slow = [run for run in runs if run["pictures a second"] < WANTED]
    sys.exit(f"too slow: {slow[-1]['pictures a second']} pictures a second" if slow else 0)


if __name__ == "__main__":
    main()
