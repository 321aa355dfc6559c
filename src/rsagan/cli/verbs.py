"""One dataclass a verb: its fields are the flags, `run` calls the room that does the work."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg

from rsagan.cli.ablation import Ablate
from rsagan.cli.adapt import Adapt
from rsagan.cli.animate import Animate
from rsagan.cli.console import Console
from rsagan.cli.lists import paint_list, score_others
from rsagan.cli.options import Also, Background, Count, Retarget, Size, Weights, WhichPerson, refuse
from rsagan.cli.prepare import Prepare
from rsagan.cli.web import Web

Pack = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: what RSAGAN_ASSETS names, if set)")]
List = Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="(default: none)")]
Parsing = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: found by ourselves)")]


@dataclass(frozen=True)
class Generate:
    """Show the person of a photo in other poses."""

    source: Annotated[Positional[Path], arg(metavar="SOURCE")]
    """A photo (JPEG, PNG, WebP), or a person folder made by `rsagan analyse`; with --pairs a prepared folder."""
    pose: UseAppendAction[tuple[str, ...]] = ()
    """A pose by name (`--pose list`), a pose JSON, a person folder, or a photo of someone in it; one a `--pose`."""
    also: Also = ()
    """Another photo, or person folder, of the same person from another side; one an `--also`."""
    pairs: List = None
    """A list `from,to` of a prepared folder's views to paint in bulk, instead of poses."""
    naming: Literal["gfla", "patn", "reid"] = "gfla"
    """How the pictures of --pairs are called: as other methods call theirs, or for re-ID trainers (JPEG)."""
    out: Path = Path("rsagan-results")
    """Folder for the results."""
    weights: Weights = None
    """Weights to use instead of the ones that come with the package."""
    size: Size = "256x176"
    """Height and width that the photo is fitted to."""
    person: WhichPerson = "largest"
    """Which person of the photo: the largest, the N-th largest from 0, or the one at a place in pixels."""
    background: Background = "plain"
    """keep (the photo's own), plain, or a picture to stand before."""
    retarget: Retarget = True
    """Leave the poses their own limb lengths."""
    refine: bool = False
    """Learn to reconstruct the photo first, for up to 45 seconds; joints can be lost by it."""
    parsing: Parsing = None
    """A PNG of the photo's regions made elsewhere, as large as the photo."""
    labels: str = "rsagan"
    """The label set of that PNG: rsagan, lip, cihp, atr, fashn, pise, adgan or casd."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan import jobs

        if self.pairs is not None:
            refuse(
                self,
                "pose",
                "also",
                "size",
                "person",
                "background",
                "retarget",
                "refine",
                "parsing",
                "labels",
                of="With --pairs",
            )
            paint_list(console, self.source, self.pairs, self.out, self.weights, self.naming)
            return
        refuse(self, "naming", of="Without --pairs")
        if self.source.is_dir():
            refuse(self, "person", "size", of="With a person folder")
        if self.parsing is None:
            refuse(self, "labels", of="Without --parsing")
        with console.progress("painting") as progress:
            painted = jobs.generate(
                self.source,
                self.pose,
                self.out,
                self.weights,
                jobs.parse_size(self.size),
                jobs.parse_person(self.person),
                progress,
                self.background,
                self.retarget,
                self.refine,
                self.parsing,
                self.labels,
                self.also,
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
    joints: Literal["blazepose", "rtmlib"] = "blazepose"
    """Who finds people and joints; rtmlib needs `pip install "rsagan[rtmlib]"` and internet once."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan import jobs

        if self.parsing is None:
            refuse(self, "labels", of="Without --parsing")
        size, person = jobs.parse_size(self.size), jobs.parse_person(self.person)
        made = jobs.analyse(self.photo, self.out, size, person, self.parsing, self.labels, self.joints)
        console.notes(made.found.notes)
        console.result(made.to_dict(), [f"The person is in {self.out}"])


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
    """Of everything: the same seed gives the same bytes on the same kind of machine."""
    workers: int = 1
    """Processes to render with."""
    style: str = "catalogue"
    """How pictures look: catalogue, studio, street or surveillance."""
    assets: Pack = None
    """Folder of an asset pack to style people from as well."""
    layout: str = "prepared"
    """prepared, or deepfashion: the lists, joints and region maps that readers of that data set expect."""
    poses: List = None
    """A JSON list of poses of the rig to show in turn, instead of drawn ones."""
    benchmark: str | None = None
    """A named data set (people-128, people-256, their -textured twins) instead: only --workers and --assets matter."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data import synthesize, synthesize_benchmark
        from rsagan.data.benchmarks import benchmark
        from rsagan.errors import InputError
        from rsagan.jobs import parse_size
        from rsagan.synthetic.pack import usual_folder

        assets = self.assets or usual_folder()
        if self.benchmark is not None:
            refuse(self, "identities", "views", "size", "seed", "style", "layout", "poses", of="With --benchmark")
        elif self.identities is None or self.views is None:
            raise InputError("Say how many --identities and --views, or name a --benchmark.")
        with console.progress("people") as progress:
            if self.benchmark is not None:
                which = benchmark(self.benchmark)
                synthesize_benchmark(self.folder, which, self.workers, assets=assets, progress=progress)
            else:
                synthesize(
                    self.folder,
                    self.identities or 0,
                    self.views or 0,
                    parse_size(self.size),
                    self.seed,
                    self.workers,
                    style=self.style,
                    assets=assets,
                    layout=self.layout,
                    poses=self.poses,
                    progress=progress,
                )
        console.result({"folder": str(self.folder)}, [f"The folder is {self.folder}"])


@dataclass(frozen=True)
class Train:
    """Train a generator. Interrupted, the same command goes on."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """A built-in recipe (people-128, people-256, ...; a wrong name lists them) or a TOML file."""
    data: str
    """A prepared folder, or synthetic:SEED (also synthetic:SEED:STYLE:HEIGHTxWIDTH) to render while training."""
    run_folder: Annotated[Path, arg(name="run")]
    """Folder for checkpoints, logs, picture grids and weights.safetensors."""
    until: Count = None
    """Stop at so many pictures seen, earlier than the recipe says."""
    start: Path | None = None
    """Weights to begin a new run with instead of random ones, or `shipped` for the package's of that size."""
    mix: Path | None = None
    """A second prepared folder, such as real people, of which the recipe's `mixed` share of pairs is taken."""
    assets: Pack = None
    """Folder of an asset pack from which every second person of synthetic:SEED is styled."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data.stream import SCHEME, open_data
        from rsagan.network import shipped_weights
        from rsagan.synthetic.pack import usual_folder
        from rsagan.training.loop import train

        if not self.data.startswith(SCHEME):
            refuse(self, "assets", of="With a prepared folder")
        data = open_data(self.data, self.assets or usual_folder())
        start = shipped_weights(data.size) if str(self.start) == "shipped" else self.start
        weights = train(self.recipe, data, self.run_folder, until=self.until, start=start, mix=self.mix)
        if os.environ.get("RANK", "0") != "0":  # torchrun's other processes: one of them speaks
            return
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
    results: str | None = None
    """Score a folder of pictures instead, whoever painted them, or `source` or `truth`, the two ends of the scale."""
    limit: Count = None
    """Score only so many pairs, spread over the list."""
    standard: bool = False
    """Score by the published networks: LPIPS, FID, KID, IS (needs the extra standard-metrics)."""
    method: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: none)")] = None
    """Paint with this method, a name or module:object, and score it by the protocol."""
    protocol: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: the full report)")] = None
    """Score as the field's tables do: clean-v1, or patn-, gfla-, dptn-, pidm-, cfld-legacy."""
    pairs: List = None
    """With a protocol: a list `from,to` instead of the folder's test pairs."""
    json: bool = False
    """Print the report as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.evaluation.scores import score
        from rsagan.evaluation.standard import Standard

        if self.method or self.protocol or self.pairs:
            protocol = self.protocol or "clean-v1"
            refuse(self, "limit", of="With a protocol")
            score_others(
                console, self.results, self.method, self.weights, self.data, self.out, protocol, self.pairs,
                self.standard,
            )  # fmt: skip
            return
        standard = Standard.load() if self.standard else None
        with console.progress("scoring") as progress:
            report = score(
                self.data, self.out, self.weights, self.results, self.limit, standard=standard, progress=progress
            )
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
    "animate": Animate,
    "analyse": Analyse,
    "synthesize": Synthesize,
    "prepare": Prepare,
    "train": Train,
    "adapt": Adapt,
    "evaluate": Evaluate,
    "ablate": Ablate,
    "assets": Assets,
    "web": Web,
}
