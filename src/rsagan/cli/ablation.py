"""The verb `ablate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from rsagan.cli.console import Console

Rows = Annotated[tuple[str, ...], arg(metavar="ROW [ROW ...]", help_behavior_hint="(default: all)")]
Limit = Annotated[int | None, arg(metavar="INT", help_behavior_hint="(default: all)")]


@dataclass(frozen=True)
class Ablate:
    """Train and score the network without each of its parts, and its rivals. Interrupted, the same command goes on."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """A built-in recipe (ablation-128) or a TOML file; its pictures are the budget of every row."""
    data: Path
    """A prepared folder with validation pairs."""
    runs: Path
    """Folder for the runs and their numbers."""
    out: Path
    """Folder for ablation.json, ablation.md, claims.json and curves.png."""
    rows: Rows = ()
    """Only these rows."""
    seeds: tuple[int, ...] = (0,)
    """Seeds that every row is trained with."""
    start: Annotated[Path | None, arg(help_behavior_hint="(default: random ones)")] = None
    """Runs of another ablation, such as one at half the size; each row begins with its own weights there."""
    every: int = 2_000
    """Pairs seen between two points of the curves."""
    rates: Annotated[tuple[float, ...], arg(help_behavior_hint="(default: the recipe's)")] = ()
    """Learning rates that every row tries; the best on the validation pairs is taken."""
    rate_pairs: int = 2_000
    """Pairs to train for each of them."""
    validation: int = 64
    """Validation pairs that a point of the curves scores."""
    fire: int = 200
    """Test pairs that each level of corruption scores."""
    set_pairs: int = 0
    """Pairs of test people for the Frechet distance of the two rows compared by it; 0 takes the test list alone."""
    limit: Limit = None
    """Score only so many test pairs, spread over the list."""
    json: bool = False
    """Print the result as JSON."""

    def run(self, console: Console) -> None:
        from rsagan.evaluation.ablation import ablate
        from rsagan.evaluation.rows import ROWS
        from rsagan.evaluation.runner import Plan
        from rsagan.training.recipe import load_recipe

        plan = Plan(
            load_recipe(self.recipe),
            self.rows or tuple(ROWS),
            self.seeds,
            self.every,
            self.rates,
            self.rate_pairs,
            self.validation,
            self.fire,
            self.set_pairs,
            self.limit,
            self.start,
        )
        whole = ablate(plan, self.data, self.runs, self.out, say=console.note)
        console.result(whole, (self.out / "ablation.md").read_text(encoding="utf-8").splitlines())
