"""How fast a benchmark is prepared when nothing has to be estimated, and whether memory stays flat.

    python benchmarks/prepare_speed.py --pictures 2000 --workers 2

Writes drawn people in DeepFashion's layout (256x256 JPEGs, lists, 8-class region maps), prepares them in a process of
its own, and prints JSON. `pictures a second` is by the clock; `CPU seconds a picture` does not mind who else computes.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))


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
    layouts.download(folder, people)
    layouts.write_lists(folder, people)
    layouts.write_maps(folder, people, "pise", "SPL8")


def prepare(folder: Path, workers: int) -> None:
    """Prepare and print what it took."""
    from rsagan.data.prepare import prepare_deepfashion

    start = time.perf_counter()
    report = prepare_deepfashion(folder / "out", folder, parsing=folder, workers=workers)
    seconds = time.perf_counter() - start
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    pictures = sum(report["counts"][f"{split} pictures"]["found"] for split in ("train", "test"))
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    print(
        json.dumps(
            {
                "pictures": pictures,
                "workers": workers,
                "pictures a second": round(pictures / seconds, 1),
                "CPU seconds a picture": round(cpu / pictures, 5),
                "pictures a second on two free cores, from CPU time": round(2 * pictures / cpu, 1),
                "peak MiB of the parent": own.ru_maxrss >> 10,
                "peak MiB of a worker": children.ru_maxrss >> 10,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        prepare(given.folder, given.workers)
        return
    folder = Path(tempfile.mkdtemp(prefix="prepare-speed-"))
    try:
        for pictures in (given.pictures // 4, given.pictures):
            write(folder / str(pictures), pictures)
            command = [
                sys.executable,
                __file__,
                "--workers",
                str(given.workers),
                "--folder",
                str(folder / str(pictures)),
            ]
            subprocess.run(command, check=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
