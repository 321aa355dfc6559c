"""The config refuses what no network can be, and survives JSON."""

import dataclasses
import json
from typing import Any

import pytest
import torch

from rsagan.errors import InputError
from rsagan.evaluation.rows import ROWS
from rsagan.network import Config, Generator


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"widths": (32, 64, 128)}, "128"),
        ({"widths": (32, 64, 128, 190)}, "190"),
        ({"widths": (0, 64, 128, 192)}, "0"),
        ({"widths": (-8, 64, 128, 192)}, "-8"),
        ({"widths": (32.0, 64, 128, 192)}, "32.0"),
        ({"widths": 64}, "64"),
        ({"widths": "abcd"}, "abcd"),
        ({"widths": (32, 64, 128, 2**40)}, str(2**40)),
        ({"heads": 5}, "5"),
        ({"heads": 0}, "0"),
        ({"heads": -4}, "-4"),
        ({"heads": "4"}, "4"),
        ({"heads": True}, "True"),
        ({"blocks": 0}, "0"),
        ({"blocks": 2.5}, "2.5"),
        ({"blocks": 10**9}, str(10**9)),
        ({"tokens": 0}, "0"),
        ({"match_channels": 0}, "0"),
        ({"key_channels": -1}, "-1"),
        ({"injection": "magic"}, "magic"),
        ({"integration": "magic"}, "no integration 'magic'; there are warped, transposed, spatial, convolution"),
        ({"semantics": "no"}, "semantics"),
        ({"prior": 1}, "prior"),
        ({"injection": "regions", "semantics": False}, "regions"),
    ],
)
def test_bad_values_are_refused_with_the_value(changes: dict[str, Any], number: str) -> None:
    with pytest.raises(InputError, match=number):
        Config(**changes)
    with pytest.raises(InputError, match=number):
        Config.from_dict(json.loads(json.dumps(changes)))


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().heads = 2  # type: ignore[misc]


@pytest.mark.parametrize("name", ROWS)
def test_json_and_back(name: str) -> None:
    config = Config(widths=(16, 24, 32, 40), heads=5, blocks=3, tokens=1, prior=False, **ROWS[name].network)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert set(config.to_dict()) == {field.name for field in dataclasses.fields(Config)}


def test_settings_of_a_newer_version_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="wavelets"):
        Config.from_dict({"wavelets": True, "heads": 4})


@pytest.mark.parametrize("data", [None, 3, "heads", [["heads", 4]], ["heads"]])
def test_settings_must_be_a_table(data: Any) -> None:
    with pytest.raises(InputError):
        Config.from_dict(data)


def test_an_older_file_without_a_setting_gets_its_default() -> None:
    assert Config.from_dict({"heads": 8}) == Config(heads=8)


@pytest.mark.parametrize("last", [8, 24, 40, 56, 88])
def test_every_width_that_is_accepted_can_be_built(last: int) -> None:
    with torch.device("meta"):
        for row in ROWS.values():
            Generator(Config(widths=(8, 24, 40, last), heads=2, blocks=1, **row.network))
