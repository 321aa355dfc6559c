"""The verb `adapt`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction, arg

from rsagan.cli.console import Console
from rsagan.cli.options import Size, Weights


@dataclass(frozen=True)
class Adapt:
    """Adapt weights to one person, from clips or a handful of photos."""

    out: Path
    """The adapted weights to write, a .safetensors file; small, they name the weights they belong to."""
    clip: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="CLIP")] = ()
    """A clip of the person moving; say it again for more clips of the same person in the same clothes."""
    photos: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="PHOTO")] = ()
    """A photo of the person; say it again for each, at least two."""
    weights: Weights = None
    """Weights to start from instead of the ones that come with the package."""
    size: Size = "256x176"
    """Height and width that the pictures are fitted to."""
    minutes: float = 8.0
    """Analyse and train no longer than that, about; training gets a quarter of it at least."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.errors import InputError
        from rsagan.jobs import check_weights, parse_size

        if not 0 < self.minutes <= 24 * 60:
            raise InputError(f"--minutes must be above 0 and at most 1440, not {self.minutes:g}.")
        for kind, given in (("clip", self.clip), ("photo", self.photos)):
            for path in given:
                if not path.exists():
                    raise InputError(f"There is no {kind} {path}.")
        size = parse_size(self.size)
        check_weights(size, self.weights)

        from rsagan.training.adapt import Effort, adapt

        with console.progress("adapting") as progress:
            made = adapt(
                self.out,
                self.clip,
                self.photos,
                self.weights,
                size,
                Effort(minutes=self.minutes),
                progress,
            )
        console.notes(made.notes)
        line = f"{made.weights}: {made.views} views, {made.pictures} pairs, {made.seconds:.0f} s"
        joints = f"joints in place {made.joints[0]:.0%} to {made.joints[1]:.0%}"
        console.result(made.to_dict(), [f"{line}, loss {made.loss[0]:.3f} to {made.loss[1]:.3f}, {joints}"])
