"""What `generate` and `evaluate` do with lists of pairs."""

from pathlib import Path
from typing import TYPE_CHECKING

from rsagan.cli.console import Console

if TYPE_CHECKING:
    from rsagan.methods import Naming


def paint_list(console: Console, data: Path, pairs: Path, out: Path, weights: Path | None, naming: "Naming") -> None:
    """`rsagan generate FOLDER --pairs CSV`."""
    from rsagan.data import PreparedFolder
    from rsagan.data.named import read_pairs_of
    from rsagan.methods import Ours, paint_pairs

    folder = PreparedFolder(data)
    listed, ours = read_pairs_of(folder, pairs), Ours(weights)
    with console.progress("painting") as progress:
        painting = paint_pairs(ours, ours.name, folder, listed, out, naming, progress)
    console.notes(painting.problems)
    result = {"folder": str(out), "painted": painting.painted, "there": painting.there, "problems": painting.problems}
    console.result(result, [f"{painting.painted:,} pictures were painted, {painting.there:,} were there; see {out}"])


def score_others(
    console: Console, results: Path | None, method: str | None, data: Path, out: Path, protocol: str, pairs: Path | None
) -> None:
    """`rsagan evaluate --results DIR` or `--method NAME`."""
    from rsagan.errors import InputError
    from rsagan.evaluation.results import markdown, score_method, score_results

    with console.progress("scoring") as progress:
        if results is not None and method is not None:
            raise InputError("Name --results to score or a --method to paint and score, not both.")
        if results is not None:
            report = score_results(results, data, out, protocol, pairs, progress=progress)
        else:
            report = score_method(str(method), data, out, protocol, pairs, progress=progress)
    console.notes(report["warnings"])
    console.result(report, markdown(report).splitlines())
