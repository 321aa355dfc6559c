"""Options that several verbs share."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import UseAppendAction, arg

from rsagan.errors import InputError

Size = Annotated[str, arg(metavar="HEIGHTxWIDTH")]
Weights = Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: those of the package)")]
WhichPerson = Annotated[str, arg(metavar="largest|N|X,Y")]
Also = Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="PATH", help_behavior_hint="(default: none)")]
Background = Annotated[str, arg(metavar="keep|plain|FILE")]
Retarget = Annotated[bool, arg(help_behavior_hint="(default: the person's own)")]  # shown as --no-retarget
Count = Annotated[int | None, arg(metavar="INT", help_behavior_hint="(default: all)")]


def refuse(verb: Any, *names: str, of: str) -> None:
    """Raises InputError if options are given that have no meaning where `of`, rather than to pass them over."""
    given = [each for each in fields(verb) if each.name in names and getattr(verb, each.name) != each.default]
    flags = [f"--{'no-' if each.default is True else ''}{each.name.replace('_', '-')}" for each in given]
    if flags:
        raise InputError(f"{of}, {' and '.join(flags)} has no meaning; leave it out.")
