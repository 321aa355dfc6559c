"""The client in the documentation works as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from .conftest import PHOTO, Service


@pytest.mark.usefixtures("analysis")
def test_the_client_of_the_documentation(service: Service, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/web.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    assert len([line for line in found[1].splitlines() if line.strip()]) <= 20
    (tmp_path / "photo.jpg").write_bytes(PHOTO.read_bytes())
    (tmp_path / "client.py").write_text(found[1].replace("http://127.0.0.1:8000", service.url))
    subprocess.run([sys.executable, "client.py"], cwd=tmp_path, check=True, timeout=120)
    for name in ("walk", "hands-on-hips"):
        assert Image.open(tmp_path / f"{name}.png").size == (176, 256)
