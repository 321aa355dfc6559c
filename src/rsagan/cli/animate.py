"""The verb `animate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from rsagan.cli.console import Console
from rsagan.cli.options import Also, Background, Retarget, Size, Weights, WhichPerson, refuse

Fps = Annotated[float | None, arg(metavar="FLOAT", help_behavior_hint="(default: the clip's, or 25)")]


@dataclass(frozen=True)
class Animate:
    """Make the person of a photo move like somebody in a clip, or from pose to pose."""

    source: Annotated[Positional[Path], arg(metavar="SOURCE")]
    """A photo (JPEG, PNG, WebP), or a person folder made by `rsagan analyse`."""
    driving: UseAppendAction[tuple[str, ...]]
    """A clip; a motion (a folder of pose files, or one file of many); or key poses, one after the other: names
    (`generate --pose list`), categories, pose files, photos."""
    out: Path
    """The clip to write, an mp4."""
    also: Also = ()
    """Another photo, or person folder, of the same person from another side; one an `--also`."""
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
    fps: Fps = None
    """Pictures a second."""
    pace: Annotated[float | None, arg(metavar="FLOAT", help_behavior_hint="(default: 2; of a motion, --fps)")] = None
    """Poses a second, if poses drive."""
    smoothing: Annotated[float | None, arg(metavar="FLOAT", help_behavior_hint="(default: 0.08)")] = None
    """Seconds over which a clip's or a motion's poses are smoothed; 0 for none."""
    audio: Annotated[str, arg(metavar="none|keep")] = "none"
    """keep: the clip's sound goes along."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.animation import animate
        from rsagan.errors import InputError
        from rsagan.jobs import parse_person, parse_size

        if self.audio not in ("none", "keep"):
            raise InputError(f"--audio is none or keep, not {self.audio}.")
        if self.source.is_dir():
            refuse(self, "person", "size", of="With a person folder")
        made = animate(
            self.source,
            self.driving,
            self.out,
            self.weights,
            parse_size(self.size),
            parse_person(self.person),
            self.background,
            self.retarget,
            self.fps,
            self.pace,
            self.smoothing,
            self.audio == "keep",
            lambda what: console.progress(what, "frames"),
            self.also,
        )
        console.notes(made.notes)
        console.result(made.to_dict(), [f"{made.clip}: {made.frames} frames, {made.fps:g} a second"])
