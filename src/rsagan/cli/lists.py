"""What `generate` and `evaluate` do with lists of pairs."""

from pathlib import Path
from typing import TYPE_CHECKING

from rsagan.cli.console import Console
from rsagan.errors import InputError

if TYPE_CHECKING:
    from rsagan.methods import Naming


def paint_list(console: Console, data: Path, pairs: Path, out: Path, weights: Path | None, naming: "Naming") -> None:
    """`rsagan generate FOLDER --pairs CSV`."""
    from rsagan.data import PreparedFolder
    from rsagan.data.named import read_pairs_of
    from rsagan.methods import Ours, paint_pairs

    folder = PreparedFolder(data)
    listed, ours = read_pairs_of(folder, pairs), Ours(weights, folder.size)
    with console.progress("painting") as progress:
        painting = paint_pairs(ours, ours.name, folder, listed, out, naming, progress)
    painting.check(ours.name)
    result = {"folder": str(out), "painted": painting.painted, "there": painting.there}
    console.result(result, [f"{painting.painted:,} pictures were painted, {painting.there:,} were there; see {out}"])


def score_others(
    console: Console,
    results: str | None,
    method: str | None,
    weights: Path | None,
    data: Path,
    out: Path,
    protocol: str,
    pairs: Path | None,
    standard: bool,
) -> None:
    """`rsagan evaluate` by a protocol: a folder of results, any method, or weights of ours."""
    from rsagan.data import PreparedFolder
    from rsagan.evaluation.benchmark.networks import published_networks
    from rsagan.evaluation.benchmark.protocols import find_protocol
    from rsagan.evaluation.benchmark.results import markdown, score_method, score_results
    from rsagan.evaluation.painters import ENDS
    from rsagan.methods import Ours

    if sum(each is not None for each in (results, method, weights)) > 1:
        raise InputError("Name one of --results, --method and --weights to score.")
    if results in ENDS:
        raise InputError(f"--results {results} is an end of the full report's scale; leave out --protocol and --pairs.")
    networks = published_networks(find_protocol(protocol)) if standard else None
    with console.progress("scoring") as progress:
        if results is not None:
            report = score_results(results, data, out, protocol, pairs, networks, progress=progress)
        else:
            painter = method or Ours(weights, PreparedFolder(data).size)
            report = score_method(painter, data, out, protocol, pairs, networks, progress)
    console.notes(report["warnings"])
    console.result(report, markdown(report).splitlines())
