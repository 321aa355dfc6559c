"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

Size = Annotated[str, arg(metavar="HEIGHTxWIDTH")]
Weights = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: those of the package)")]
WhichPerson = Annotated[str, arg(metavar="largest|N|X,Y")]
Background = Annotated[str, arg(metavar="keep|plain|FILE")]
Count = Annotated[int | None, arg(metavar="INT", help_behavior_hint="(default: all)")]
