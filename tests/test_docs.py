"""The code blocks of docs/python.md run, one after the other, as they stand."""

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from rsagan.people import read_picture
from rsagan.video import open_clip, write_clip

PAGE = Path(__file__).parent.parent / "docs" / "python.md"


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_the_python_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo, other = (
        (files("rsagan") / "samples" / f"{name}.jpg").read_bytes() for name in ("woman-walking", "man-standing")
    )
    for name, content in (("photo", photo), ("back", other), ("friend", other)):
        (tmp_path / f"{name}.jpg").write_bytes(content)
    picture = read_picture(photo)
    write_clip(tmp_path / "clip.mp4", [np.roll(picture, -5 * k, axis=1) for k in range(3)], 10)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102 - the page's own example
    for name in ("contrapposto", "wave-skeleton", "kept", "elsewhere"):
        assert (tmp_path / f"{name}.png").is_file()
    assert open_clip(tmp_path / "hand.mp4").fps == pytest.approx(8)
    assert open_clip(tmp_path / "moving.mp4").fps == pytest.approx(10)
    assert read_picture("kept.png").shape[0] > 200


def test_importing_the_package_is_light() -> None:
    code = "import sys, rsagan; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'PIL')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(ImportError):
        exec("from rsagan import no_such_name")  # noqa: S102
