"""`rsagan prepare`: one sub-verb a kind of source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from rsagan.cli.console import Console
from rsagan.cli.options import Size

Folder = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: that of the pictures)")]
Parsing = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: one beside the lists, else none)")]
Labels = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: by the folder's name)")]
Frame = Annotated[Literal["256x256", "256x176"] | None, arg(help_behavior_hint="(default: by the lists' name)")]
Workers = Annotated[int | None, arg(metavar="INT", help_behavior_hint="(default: one a core)")]
Kept = Annotated[int | None, arg(metavar="INT", help_behavior_hint="(default: a tenth)")]


@dataclass(frozen=True)
class DeepFashion:
    """DeepFashion's in-shop pictures, with the lists, joints and parsing maps that circulate."""

    pictures: Annotated[Positional[Path], arg(metavar="PICTURES")]
    """The download (img, img_highres, or a folder above), a flat folder, or an LMDB archive."""
    out: Path
    """The prepared folder to make."""
    lists: Folder = None
    """Folder of the lists: fasion-resize-*.csv, fasion-*.csv, or train_pairs.txt and pose/."""
    parsing: Parsing = None
    """Folder of parsing maps: trainSPL8, semantic_merge3, seg, or PNGs of any label set; else regions are estimated."""
    labels: Labels = None
    """Label set of the parsing maps: pise, adgan, casd, cihp, lip, atr, fashn; or estimated."""
    fit: Literal["crop", "squash"] = "crop"
    """crop: the middle of the square pictures; squash: the tall high-resolution pictures, stretched."""
    size: Size = "256x176"
    """256x176, 512x352, or 256x256 (tall pictures squashed, as GFLA and PIDM score them)."""
    frame: Frame = None
    """Frame that the listed joints are given in."""
    workers: Workers = None
    """Processes."""
    json: bool = False
    """Print the report as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data.prepare import prepare_deepfashion
        from rsagan.jobs import parse_size

        frame = None if self.frame is None else parse_size(self.frame)
        with console.progress("preparing") as progress:
            report = prepare_deepfashion(
                self.out, self.pictures, self.lists, self.parsing, self.labels, self.fit, parse_size(self.size), frame,
                self.workers, progress,
            )  # fmt: skip
        _tell(console, report, self.out)


@dataclass(frozen=True)
class Market1501:
    """Market-1501, with the lists and joints that circulate, at 128x64."""

    pictures: Annotated[Positional[Path], arg(metavar="PICTURES")]
    """The download, or a folder with its pictures."""
    out: Path
    """The prepared folder to make."""
    lists: Folder = None
    """Folder of market-pairs-*.csv and market-annotation-*.csv."""
    parsing: Parsing = None
    """Folder of parsing maps, PNGs under the pictures' names; without, regions are estimated."""
    labels: Labels = None
    """Label set of the parsing maps: cihp, lip, atr, fashn, pise, adgan, casd; or estimated."""
    workers: Workers = None
    """Processes."""
    json: bool = False
    """Print the report as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data.prepare import prepare_market1501

        with console.progress("preparing") as progress:
            report = prepare_market1501(
                self.out, self.pictures, self.lists, self.parsing, self.labels, self.workers, progress
            )
        _tell(console, report, self.out)


@dataclass(frozen=True)
class Photos:
    """Photos named by identity: a folder each, or IDENTITY_anything.jpg. Joints and regions are estimated."""

    pictures: Annotated[Positional[Path], arg(metavar="PICTURES")]
    """The folder of photos."""
    out: Path
    """The prepared folder to make."""
    size: Size = "256x176"
    """Height and width that each person is fitted to."""
    test_identities: Kept = None
    """How many identities appear in test pairs only."""
    workers: Workers = None
    """Processes."""
    json: bool = False
    """Print the report as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data.prepare import prepare_folder
        from rsagan.jobs import parse_size

        with console.progress("analysing") as progress:
            report = prepare_folder(
                self.out, self.pictures, parse_size(self.size), self.test_identities, self.workers, progress
            )
        _tell(console, report, self.out)


@dataclass(frozen=True)
class Clips:
    """A clip, or a folder of clips of one person each. Joints and regions are estimated."""

    clips: Annotated[Positional[Path], arg(metavar="CLIPS")]
    """A clip, or a folder of clips."""
    out: Path
    """The prepared folder to make."""
    size: Size = "256x176"
    """Height and width that each person is fitted to."""
    every: float = 0.5
    """Seconds between the frames that are looked at; those that show nothing new are dropped."""
    test_identities: Kept = None
    """How many clips appear in test pairs only."""
    workers: Workers = None
    """Processes."""
    json: bool = False
    """Print the report as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.data.prepare import prepare_clips
        from rsagan.jobs import parse_size

        with console.progress("analysing clips") as progress:
            report = prepare_clips(
                self.out, self.clips, parse_size(self.size), self.every, self.test_identities, self.workers, progress
            )
        _tell(console, report, self.out)


@dataclass(frozen=True)
class Prepare:
    """Make a prepared folder from real data. Interrupted or repaired, the same command goes on."""

    source: OmitSubcommandPrefixes[
        Annotated[DeepFashion, subcommand("deepfashion")]
        | Annotated[Market1501, subcommand("market1501")]
        | Annotated[Photos, subcommand("folder")]
        | Annotated[Clips, subcommand("clip")]
    ]

    @property
    def json(self) -> bool:
        """Whether the sub-verb is to print JSON."""
        return self.source.json

    def run(self, console: Console) -> None:
        self.source.run(console)


def _tell(console: Console, report: dict[str, Any], out: Path) -> None:
    console.notes(report["warnings"])
    counts = [f"{row['found']:,} {name}" for name, row in report["counts"].items()]
    if labels := report["plan"].get("labels"):
        counts.append("regions estimated" if labels == "estimated" else f"regions from {labels} maps")
    console.result(report, [", ".join(counts), f"The folder is {out}; look at {out / 'contact-sheet.png'}"])
