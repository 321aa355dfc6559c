"""How fast synthetic people are rendered: `python benchmarks/rendering_speed.py OUT.json [--assets DIR]`.

Speed is pictures per CPU second of one process, so that a shared machine does not blur it: 8 views of each identity,
anti-aliased, with the making of the identity counted. Scaling is that of 1, 2, ... processes at once, as pictures per
second of the clock against one process, and per CPU second against one process (which shows what the cores share).
"""

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import cv2  # noqa: E402

from rsagan.data.parallel import usable_cores  # noqa: E402
from rsagan.files import write_text  # noqa: E402
from rsagan.synthetic import identity, render_view  # noqa: E402
from rsagan.synthetic.styles import NAMES  # noqa: E402
from rsagan.tables import table  # noqa: E402

SIZES = ((256, 176), (128, 88))
VIEWS = 8
WANTED = {(256, 176): 30, (128, 88): 90}  # catalogue pictures per CPU second


def measure(style: str, size: tuple[int, int], people: int, assets: str | None) -> dict[str, Any]:
    """Render some people and say what it took."""
    cv2.setNumThreads(1)
    for view in range(24 if style not in ("catalogue", "studio") else 2):  # compiles, and meets the passers-by
        render_view(identity(9_000_000, assets), view, size, style)
    identity.cache_clear()
    setting_up, start, clock = 0.0, time.process_time(), time.perf_counter()
    for seed in range(people):
        before = time.process_time()
        who = identity(seed, assets)
        setting_up += time.process_time() - before
        for view in range(VIEWS):
            render_view(who, view, size, style)
    spent, wall = time.process_time() - start, time.perf_counter() - clock
    pictures = people * VIEWS
    return {
        "style": style,
        "size": f"{size[0]}x{size[1]}",
        "pictures": pictures,
        "pictures_per_cpu_second": pictures / spent,
        "ms_per_picture_without_identity": 1000 * (spent - setting_up) / pictures,
        "ms_per_identity": 1000 * setting_up / people,
        "wall_seconds": wall,
    }


def _one(job: tuple[str, tuple[int, int], int, str | None]) -> dict[str, Any]:
    return measure(*job)


def scaling(size: tuple[int, int], people: int, assets: str | None) -> list[dict[str, Any]]:
    """Catalogue pictures by 1, 2, 4, ... processes at once, every core at most."""
    cores = usable_cores()
    rows: list[dict[str, Any]] = []
    counts = sorted({1, *(2**k for k in range(1, 8) if 2**k <= cores), cores})
    for count in counts:
        with multiprocessing.get_context("spawn").Pool(count) as pool:
            found = pool.map(_one, [("catalogue", size, people, assets)] * count, chunksize=1)
        wall = sum(one["pictures"] for one in found) / max(one["wall_seconds"] for one in found)
        cpu = sum(one["pictures_per_cpu_second"] for one in found)
        rows.append({"processes": count, "pictures_per_second": wall, "sum_of_pictures_per_cpu_second": cpu})
    for row in rows:
        row["speedup"] = row["pictures_per_second"] / rows[0]["pictures_per_second"]
        row["speedup_by_cpu_time"] = row["sum_of_pictures_per_cpu_second"] / rows[0]["sum_of_pictures_per_cpu_second"]
    return rows


def main() -> None:
    """Measure, write JSON, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--assets", help="folder of an asset pack, to measure its people")
    parser.add_argument("--people", type=int, default=24)
    options = parser.parse_args()
    speed = [measure(style, size, options.people, options.assets) for size in SIZES for style in NAMES]
    rows = scaling((128, 88), options.people, options.assets)
    report = {
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "views_per_identity": VIEWS,
        "asset_pack": options.assets is not None,
        "speed": speed,
        "scaling_catalogue_128x88": rows,
    }
    write_text(options.out, json.dumps(report, indent=1) + "\n")
    lines = table(
        ["size", "style", "pictures per CPU second", "ms a picture", "ms an identity"],
        (
            [
                one["size"],
                one["style"],
                f"{one['pictures_per_cpu_second']:.0f}",
                f"{one['ms_per_picture_without_identity']:.1f}",
                f"{one['ms_per_identity']:.0f}",
            ]
            for one in speed
        ),
    )
    shares = ([row["processes"], f"{row['speedup']:.2f}", f"{row['speedup_by_cpu_time']:.2f}"] for row in rows)
    lines += ["", *table(["processes", "speed-up", "by CPU time"], shares)]
    sys.stdout.write("\n".join(lines) + "\n")
    slow = [
        one for one in speed if one["style"] == "catalogue"
        for size, least in WANTED.items()
        if one["size"] == f"{size[0]}x{size[1]}" and one["pictures_per_cpu_second"] < least
    ]  # fmt: skip
    sys.exit(f"too slow: {slow}" if slow else 0)


if __name__ == "__main__":
    main()
