"""Writes docs/results/README.md from the reports below docs/results: `python tools/make_results_page.py`."""

import json
from pathlib import Path

import tyro

from rsagan.evaluation.benchmark.page import results_page

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results"


def main() -> None:
    """Write docs/results/README.md from the reports below docs/results."""
    reports = [path for path in sorted(RESULTS.rglob("report.json")) if "numbers" in json.loads(path.read_text())]
    (RESULTS / "README.md").write_text(results_page(reports, RESULTS), encoding="utf-8")
    print(f"{RESULTS / 'README.md'}: {len(reports)} reports")


if __name__ == "__main__":
    tyro.cli(main)
