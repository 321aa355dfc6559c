"""What the README and the page of benchmarks tell people to type works."""

import re
import shlex
from importlib.resources import files
from pathlib import Path

import pytest
import tyro

from rsagan.cli.verbs import VERBS

ROOT = Path(__file__).parent.parent
BLOCKS, BENCHMARKS = (
    re.findall(r"```(\w*)\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    for page in ("README.md", "docs/benchmarks.md")
)
COMMANDS = [
    line.strip()
    for kind, block in BLOCKS + BENCHMARKS
    if kind == ""
    for line in block.splitlines()
    if line.startswith("rsagan")
]


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command: str) -> None:
    arguments = shlex.split(command)[1:]
    if arguments[-2:] == ["--pose", "list"]:
        return  # the one form without a source; tests of the command line run it
    verb = tyro.extras.subcommand_cli_from_dict(dict(VERBS), args=arguments, config=(tyro.conf.FlagCreatePairsOff,))
    assert type(verb) is VERBS[arguments[0]]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_commands_can_be_pasted_into_any_shell(page: Path) -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    typed = [line for language, block in blocks if not language for line in block.splitlines()]
    for line in typed:
        if line.startswith(("rsagan ", "make ", "pip ", "python ", "torchrun ")):
            assert " #" not in line, "zsh and cmd take a comment for arguments"
            assert "'" not in line, "cmd does not know single quotes"


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [block for kind, block in BLOCKS if kind == "python"]
    (tmp_path / "photo.jpg").write_bytes((files("rsagan") / "samples" / "woman-walking.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the README's own example
    assert (tmp_path / "walk.png").is_file()
