"""What the README and the pages of docs/ tell people to type works; what they link to is there."""

import re
import shlex
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
import tyro

from rsagan.cli.verbs import VERBS

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of the page's code blocks."""
    return re.findall(r"```(\w*)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


COMMANDS = [
    line.strip()
    for page in PAGES
    for kind, block in blocks(page)
    if kind == ""
    for line in block.splitlines()
    if line.startswith("rsagan")
]


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 40


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command: str) -> None:
    arguments = shlex.split(command)[1:]
    if arguments[-2:] == ["--pose", "list"]:
        return  # the one form without a source; tests of the command line run it
    verb = tyro.extras.subcommand_cli_from_dict(dict(VERBS), args=arguments, config=(tyro.conf.FlagCreatePairsOff,))
    assert type(verb) is VERBS[arguments[0]]


def test_the_samples_that_commands_name_are_there() -> None:
    named = {word for command in COMMANDS for word in shlex.split(command) if word.startswith("src/")}
    assert len(named) >= 2
    assert all((ROOT / path).is_file() for path in named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_can_be_pasted_into_any_shell(page: Path) -> None:
    typed = [line for language, block in blocks(page) if not language for line in block.splitlines()]
    for line in typed:
        if line.startswith(("rsagan ", "make ", "pip ", "python ", "torchrun ")):
            assert " #" not in line, "zsh and cmd take a comment for arguments"
            assert "'" not in line, "cmd does not know single quotes"


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_links_lead_to_what_comes_with_the_source() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^):]+)\)", page.read_text(encoding="utf-8"))]
    assert len(links) > 40
    for page, link in links:
        name, _, section = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), (page.name, link)
        assert f"/{target.relative_to(ROOT).parts[0]}" in packed, (page.name, link)
        if section:
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in [title.lower().replace(" ", "-") for title in titles], (page.name, link)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [block for kind, block in blocks(ROOT / "README.md") if kind == "python"]
    (tmp_path / "photo.jpg").write_bytes((files("rsagan") / "samples" / "woman-walking.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the README's own example
    assert (tmp_path / "walk.png").is_file()
