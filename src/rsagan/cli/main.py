"""The `rsagan` command: picks the verb, turns failures into one sentence and an exit code.

0 done, 1 a fault of ours, 2 bad usage or bad input, 130 interrupted.
"""

import errno
import io
import itertools
import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr
from difflib import get_close_matches
from typing import Annotated, Any, Union

import tyro

from rsagan.cli.console import Console, OutputLost, telling
from rsagan.cli.verbs import VERBS
from rsagan.errors import AssetError, InputError

DESCRIPTION = "Show a person from one photo in another pose. `rsagan --version` names the version."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a file name that the terminal has no letters for
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        with telling():
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        Console().error("interrupted; nothing is left half-written.")
        return 130
    except OutputLost as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:  # whoever read the output, `head` perhaps, has seen enough
            return 0
        Console().error(f"cannot write the output: {error.strerror or error}.")
        return 2


def _run(given: list[str]) -> int:
    if given[:1] == ["--version"]:
        from rsagan import __version__

        print(f"rsagan {__version__}")
        return 0
    if _asks_for_poses(given):
        return _list_poses("--json" in given)
    console = Console("--json" in given)
    try:
        _check_verb(given)
        _parse(given).run(console)
    except (InputError, AssetError) as error:
        console.error(str(error))
        return 2
    except KeyboardInterrupt as asked:
        console.error(str(asked) or "interrupted; nothing is left half-written.")
        return 130
    except OutputLost:
        raise
    except Exception as error:
        if os.environ.get("RSAGAN_DEBUG"):
            console.note(traceback.format_exc())
        if isinstance(error, OSError) and error.filename is not None:
            console.error(f"cannot use {error.filename}: {error.strerror or error}.")
            return 2
        console.error(
            f"a fault of this program, not yours: {type(error).__name__}: {error}; run again with RSAGAN_DEBUG=1 "
            "to see where, and please report it."
        )
        return 1
    return 0


def _check_verb(given: Sequence[str]) -> None:
    """Raises InputError for a first word that is no verb."""
    if given and given[0] not in VERBS and not given[0].startswith("-"):
        near = get_close_matches(given[0], VERBS, 1)
        meant = f"did you mean {near[0]}? The" if near else "the"
        raise InputError(f"There is no verb {given[0]!r}; {meant} verbs are {', '.join(VERBS)}.")


def _parse(given: list[str]) -> Any:
    """The verb with its options. Exits with 2 and a message, in JSON where that is asked for, if there is none.

    Raises:
        InputError: a word that belongs to no option.
    """
    named = tuple(Annotated[kind, tyro.conf.subcommand(name=name)] for name, kind in VERBS.items())
    verbs: Any = Union[named]  # noqa: UP007 - as many as there are
    options: dict[str, Any] = {"prog": "rsagan", "description": DESCRIPTION, "config": (tyro.conf.FlagCreatePairsOff,)}
    shown = sys.stderr if sys.stderr.isatty() and "--json" not in given else io.StringIO()
    try:
        with redirect_stderr(shown), telling():
            verb, left = tyro.cli(verbs, args=given, return_unknown_args=True, **options)
            if any(word.startswith("-") for word in left):  # tyro says which options are like them
                tyro.cli(verbs, args=given, **options)
    except SystemExit as end:
        if end.code and isinstance(shown, io.StringIO):
            if "--json" in given:
                Console(as_json=True).error(" ".join(re.sub("[─-╿]", " ", shown.getvalue()).split()))
            else:
                Console().note(shown.getvalue().rstrip())
        raise
    if left:
        pose = f"a pose is given as `--pose {left[0]}`" if given[0] == "generate" else ""
        raise InputError(f"{' '.join(left)} belongs to no option; {pose or f'`rsagan {given[0]} --help` lists them'}.")
    return verb


def _asks_for_poses(given: Sequence[str]) -> bool:
    """`--pose list`, with or without a source."""
    pairs = itertools.pairwise(given)
    return given[:1] == ["generate"] and (("--pose", "list") in pairs or "--pose=list" in given)


def _list_poses(as_json: bool) -> int:
    from rsagan.people import library

    poses = [{"name": n, "category": library.category_of(n), "about": library.describe(n)} for n in library.names()]
    lines = []
    for category in library.categories():
        lines += [f"{category}:", *(f"  {p['name']:25}{p['about']}" for p in poses if p["category"] == category)]
    Console(as_json).result(poses, lines)
    return 0
