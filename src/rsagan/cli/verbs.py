"""One dataclass a verb: its fields are the flags, `run` calls the room that does the work."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from rsagan.cli.console import Console

Size = Annotated[str, arg(metavar="HEIGHTxWIDTH")]
Weights = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: those of the package)")]
WhichPerson = Annotated[str, arg(metavar="largest|N|X,Y")]
Parsing = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: found by ourselves)")]
Count = Annotated[int | None, arg(metavar="INT", help_behavior_hint="(default: all)")]


@dataclass(frozen=True)
class Generate:
    """Show the person of a photo in other poses."""

    source: Annotated[Positional[Path], arg(metavar="SOURCE")]
    """A photo (JPEG, PNG, WebP), or a person folder made by `rsagan analyse`."""
    pose: UseAppendAction[tuple[str, ...]]
    """A pose by name (`--pose list`), a pose JSON, a person folder, or a photo of someone in it; at least one."""
    out: Path = Path("rsagan-results")
    """Folder for the results."""
    weights: Weights = None
    """Weights to use instead of the ones that come with the package."""
    size: Size = "256x176"
    """Height and width that the photo is fitted to."""
    person: WhichPerson = "largest"
    """Which person of the photo: the largest, the N-th largest from 0, or the one at a place in pixels."""
    parsing: Parsing = None
    """A PNG of the photo's regions made elsewhere, as large as the photo."""
    labels: str = "rsagan"
    """The label set of that PNG: rsagan, lip, cihp, atr, fashn, pise, adgan or casd."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan import jobs

        with console.progress("painting") as progress:
            painted = jobs.generate(
                self.source,
                self.pose,
                self.out,
                self.weights,
                jobs.parse_size(self.size),
                jobs.parse_person(self.person),
                progress,
                self.parsing,
                self.labels,
            )
        console.notes(painted.notes)
        lines = [f"{name}: {path}" for name, path in painted.pictures.items()]
        console.result(painted.to_dict(), [*lines, f"all together: {painted.grid}"])


@dataclass(frozen=True)
class Analyse:
    """Find a person's joints and regions in a photo."""

    photo: Annotated[Positional[Path], arg(metavar="PHOTO")]
    """A photo (JPEG, PNG, WebP)."""
    out: Path
    """Folder for picture.png, pose.json, parsing.png and overlay.png."""
    size: Size = "256x176"
    """Height and width that the photo is fitted to."""
    person: WhichPerson = "largest"
    """Which person of the photo: the largest, the N-th largest from 0, or the one at a place in pixels."""
    parsing: Parsing = None
    """A PNG of the photo's regions made elsewhere, as large as the photo."""
    labels: str = "rsagan"
    """The label set of that PNG: rsagan, lip, cihp, atr, fashn, pise, adgan or casd."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan import jobs

        size, person = jobs.parse_size(self.size), jobs.parse_person(self.person)
        notes = jobs.analyse(self.photo, self.out, size, person, self.parsing, self.labels)
        console.notes(notes)
        console.result({"folder": str(self.out), "notes": notes}, [f"The person is in {self.out}"])


@dataclass(frozen=True)
class Synthesize:
    """Render a folder of synthetic people. Interrupted, the same command goes on."""

    folder: Annotated[Positional[Path], arg(metavar="FOLDER")]
    """The folder to make."""
    identities: int | None = None
    """How many people."""
    views: int | None = None
    """Pictures of each."""
    size: Size = "256x176"
    """Height and width of the pictures."""
    seed: int = 0
    """Of everything: the same seed gives the same bytes."""
    workers: int = 1
    """Processes to render with."""
    style: str = "catalogue"
    """How pictures look: catalogue, studio, street or surveillance."""
    assets: Path | None = None
    """Folder of an asset pack to style people from as well."""
    layout: str = "prepared"
    """prepared, or deepfashion: the lists, joints and region maps that readers of that data set expect."""
    benchmark: str | None = None
    """A named data set (people-128, people-256) instead: only --workers matters besides."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data import synthesize, synthesize_benchmark
        from rsagan.data.benchmarks import benchmark
        from rsagan.errors import InputError
        from rsagan.jobs import parse_size

        if self.benchmark is None and (self.identities is None or self.views is None):
            raise InputError("Say how many --identities and --views, or name a --benchmark.")
        with console.progress("people") as progress:
            if self.benchmark is not None:
                synthesize_benchmark(self.folder, benchmark(self.benchmark), self.workers, progress)
            else:
                synthesize(
                    self.folder,
                    self.identities or 0,
                    self.views or 0,
                    parse_size(self.size),
                    self.seed,
                    self.workers,
                    style=self.style,
                    assets=self.assets,
                    layout=self.layout,
                    progress=progress,
                )
        console.result({"folder": str(self.folder)}, [f"The folder is {self.folder}"])


@dataclass(frozen=True)
class Train:
    """Train a generator. Interrupted, the same command goes on."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """A built-in recipe (people-128, people-256) or a TOML file."""
    data: str
    """A prepared folder, or synthetic:SEED (also synthetic:SEED:STYLE:HEIGHTxWIDTH) to render while training."""
    run_folder: Annotated[Path, arg(name="run")]
    """Folder for checkpoints, logs, picture grids and weights.safetensors."""
    until: Count = None
    """Stop at so many pictures seen, earlier than the recipe says."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.training import train

        train(self.recipe, self.data, self.run_folder, until=self.until)
        weights = self.run_folder / "weights.safetensors"
        console.result({"weights": str(weights)}, [f"The weights are {weights}"])


@dataclass(frozen=True)
class Evaluate:
    """Score weights on the test pairs of a prepared folder."""

    data: Path
    """A prepared folder."""
    out: Path
    """Folder for report.json, report.md and grid.png."""
    weights: Weights = None
    """Weights to score instead of the ones that come with the package."""
    limit: Count = None
    """Score only so many pairs, spread over the list."""
    json: bool = False
    """Print the report as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.evaluation import score

        with console.progress("scoring") as progress:
            report = score(self.weights, self.data, self.out, self.limit, progress=progress)
        console.result(report, (self.out / "report.md").read_text(encoding="utf-8").splitlines())


@dataclass(frozen=True)
class Assets:
    """Show what is fetched and shipped: origin, licence, state."""

    fetch: bool = False
    """Fetch everything now, for later use without internet."""
    json: bool = False
    """Print as JSON."""

    def run(self, console: Console) -> None:
        from rsagan import assets

        if self.fetch:
            for asset in assets.FETCHED:
                assets.fetch(asset.name, console.note)
        rows: list[dict[str, Any]] = assets.states()
        columns = ("name", "state", "licence", "size", "purpose", "origin")
        console.table(rows, columns, title=f"Cache folder: {assets.cache_folder()}")


VERBS = {
    "generate": Generate,
    "analyse": Analyse,
    "synthesize": Synthesize,
    "train": Train,
    "evaluate": Evaluate,
    "assets": Assets,
}
