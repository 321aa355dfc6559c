"""The results page keeps protocols apart."""

import json
from pathlib import Path

import pytest

from rsagan.errors import InputError
from rsagan.evaluation.benchmark.page import results_page
from rsagan.evaluation.benchmark.protocols import PROTOCOLS


def report(path: Path, protocol: str, source: str = "DeepFashion, squash", width: int = 256) -> Path:
    path.write_text(
        json.dumps(
            {
                "method": "ours",
                "protocol": {"name": protocol, "about": ""},
                "data": {"source": source, "frame": [256, width]},
                "numbers": {"SSIM": {"value": 0.70004}, "Fréchet distance (vgg16_hed)": {"value": 3.5}},
                "counts": {"pairs": 8570},
            }
        )
    )
    return path


def tables(page: str) -> dict[str, str]:
    return {part.splitlines()[0]: part for part in page.split("## ")[1:]}


def test_ours_stands_beside_its_own_protocol_only(tmp_path: Path) -> None:
    reports = [
        report(tmp_path / "a.json", "gfla-legacy"),
        report(tmp_path / "b.json", "clean-v1"),
        report(tmp_path / "c.json", "gfla-legacy", "DeepFashion, crop", 176),
    ]
    found = tables(results_page(reports, tmp_path))
    assert "| GFLA | 10.57² |" in found["DeepFashion 256x256, protocol gfla-legacy"]
    assert "[ours](report.md), DeepFashion, squash |" in found["DeepFashion 256x256, protocol gfla-legacy"]
    assert "| 0.7 | 3.5 |" in found["DeepFashion 256x256, protocol clean-v1"]
    assert "| GFLA" not in found["DeepFashion 256x256, protocol clean-v1"]
    assert "[ours](report.md), DeepFashion, crop |" in found["DeepFashion 256x176, protocol gfla-legacy"]
    assert "| GFLA" not in found["DeepFashion 256x176, protocol gfla-legacy"]
    apart = next(part for title, part in found.items() if "as published" in title)
    assert "ADGAN" in apart
    assert "[ours]" not in apart
    for title, part in found.items():
        if "protocol" in title and "published" not in title:
            assert title.split("protocol ")[1] in PROTOCOLS
            assert part.count("|---") > 1


def test_another_network_is_another_column(tmp_path: Path) -> None:
    part = tables(results_page([report(tmp_path / "a.json", "gfla-legacy")], tmp_path))[
        "DeepFashion 256x256, protocol gfla-legacy"
    ]
    header = next(line for line in part.splitlines() if line.startswith("| method"))
    assert "FID" in header
    assert "Fréchet distance (vgg16_hed)" in header
    ours = next(line for line in part.splitlines() if line.startswith("| [ours]"))
    assert ours.split("|")[header.split("|").index(" FID ")].strip() == ""


def test_synthetic_people_have_a_table_of_their_own(tmp_path: Path) -> None:
    found = tables(results_page([report(tmp_path / "a.json", "gfla-legacy", "rsagan.synthetic")], tmp_path))
    assert "ours" not in found["DeepFashion 256x256, protocol gfla-legacy"]
    assert "ours" in found["rsagan.synthetic 256x256, protocol gfla-legacy"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(InputError, match="no report"):
        results_page([tmp_path / "a.json"], tmp_path)
