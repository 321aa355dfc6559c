"""One weights file: everything inside, damaged or foreign files refused with a sentence, nothing ever unpickled."""

import ast
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import rsagan.network
from rsagan.errors import InputError
from rsagan.evaluation.rows import ROWS
from rsagan.network import Generator, load_weights, read_metadata, save_weights, shipped_weights, size_in
from rsagan.network.layers import channels_last


@pytest.fixture
def saved(tiny: Any, tmp_path: Path) -> tuple[Generator, Path]:
    generator = Generator(tiny())
    path = tmp_path / "weights.safetensors"
    save_weights(path, generator, {"size": [64, 48], "data": {"name": "synthetic", "licence": "CC0-1.0"}})
    return generator, path


@pytest.mark.parametrize("name", ROWS)
def test_round_trip(name: str, tiny: Any, people: Any, shake: Any, tmp_path: Path) -> None:
    generator = shake(Generator(tiny(name)))
    save_weights(tmp_path / "w.safetensors", generator, {"size": [64, 48], "note": "ä"})
    loaded, header = load_weights(tmp_path / "w.safetensors")
    assert loaded.config == generator.config
    assert header["size"] == [64, 48]
    assert header["note"] == "ä"
    assert header["config"] == json.loads(json.dumps(generator.config.to_dict()))
    assert not loaded.training
    assert [key for key, _ in loaded.named_parameters()] == [key for key, _ in generator.named_parameters()]
    for (key, mine), (_, theirs) in zip(generator.named_parameters(), loaded.named_parameters(), strict=True):
        assert theirs.dtype == torch.float32
        assert not theirs.requires_grad
        assert torch.equal(theirs, mine.detach().half().float()), key
    generator.load_state_dict(loaded.state_dict())
    with torch.no_grad():
        mine, theirs = channels_last(generator.eval())(*people()), loaded(*people())
    for a, b in zip(mine, theirs, strict=True):
        assert (a is None and b is None) or torch.equal(a, b)


def test_the_shipped_weights_are_those_of_the_size_asked_for() -> None:
    for size, painted in (((128, 88), (128, 88)), ((64, 48), (128, 88)), ((136, 96), (256, 176)), ((256, 176),) * 2,
                          ((512, 352), (256, 176)), (None, (256, 176))):  # fmt: skip
        generator, header = load_weights(shipped_weights(size))
        assert size_in(header) == painted
        assert sum(each.numel() for each in generator.parameters()) < 7.8e6
        assert shipped_weights(size).stat().st_size < 16e6


def test_the_folder_of_a_run_names_its_weights(saved: tuple[Generator, Path]) -> None:
    with pytest.raises(InputError, match=r"the folder of a run; its weights are .*weights\.safetensors\.$"):
        load_weights(saved[1].parent)


def test_the_file_is_float16_with_its_config_as_json(saved: tuple[Generator, Path]) -> None:
    generator, path = saved
    tensors = load_file(path)
    assert set(tensors) == set(generator.state_dict())
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"]["rsagan"])
    assert header["config"]["widths"] == [8, 16, 16, 16]
    assert header["format_version"] == 2
    assert header["data"]["licence"] == "CC0-1.0"
    assert read_metadata(path) == header


def test_saving_leaves_the_generator_alone_and_nothing_beside_the_file(saved: tuple[Generator, Path]) -> None:
    generator, path = saved
    assert all(p.dtype == torch.float32 and p.requires_grad for p in generator.parameters())
    assert os.listdir(path.parent) == [path.name]


def test_a_save_that_fails_leaves_the_old_file(saved: tuple[Generator, Path]) -> None:
    generator, path = saved
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_weights(path, generator, {"not JSON": object()})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def refused(path: Path) -> None:
    for read in (load_weights, read_metadata):
        with pytest.raises(InputError, match=path.name):
            read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors")
    refused(tmp_path)
    with pytest.raises(InputError, match="Is a directory"):
        read_metadata(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff" * 64, b"\x89PNG\r\n\x1a\n" + b"x" * 100, b"{}" * 50])
def test_a_file_that_is_something_else(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.9, 0.9999])
def test_a_truncated_file(keep: float, saved: tuple[Generator, Path]) -> None:
    _, path = saved
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    refused(path)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "pt"},
        {"rsagan": ""},
        {"rsagan": "not JSON"},
        {"rsagan": "[1, 2]"},
        {"rsagan": "null"},
        {"rsagan": "{}"},
        {"rsagan": '{"format_version": 2}'},
        {"rsagan": '{"format_version": 1, "config": {}}'},
        {"rsagan": '{"format_version": 3, "config": {}}'},
        {"rsagan": "[" * 100_000},
        {"rsagan": "1" * 5_000},
        {"rsagan": chr(123) + '"format_version": true, "config": {}}'},
        {"rsagan": '{"format_version": 2.0, "config": {}}'},
    ],
)
def test_a_safetensors_file_of_another_program_or_version(metadata: Any, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata=metadata)
    refused(path)


Change = Callable[[dict[str, Any], dict[str, torch.Tensor]], Any]


def pop_one(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    del tensors["layout.bias"]


def add_one(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    tensors["surprise"] = torch.zeros(2)


def cut_one(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    tensors["layout.bias"] = torch.zeros(3)


def set_config(**changes: Any) -> Change:
    return lambda header, tensors: header["config"].update(changes)


@pytest.mark.parametrize(
    "change",
    [
        pop_one,
        add_one,
        cut_one,
        set_config(widths=[8, 16, 16, 32]),
        set_config(blocks=3),
        set_config(widths=[4096, 4096, 4096, 4096]),  # a small file must not ask for gigabytes
        set_config(blocks=10**9),
        set_config(heads=0),
        set_config(heads="2"),
        set_config(widths=None),
        set_config(injection=["regions"]),
        set_config(new_setting=1),
        lambda header, tensors: header.update(config=[1, 2]),
        lambda header, tensors: header.update(config="full"),
    ],
)
def test_a_config_or_tensors_that_do_not_fit(change: Change, saved: tuple[Generator, Path]) -> None:
    _, path = saved
    header, tensors = read_metadata(path), load_file(path)
    change(header, tensors)
    save_file(tensors, path, metadata={"rsagan": json.dumps(header)})
    with pytest.raises(InputError):
        load_weights(path)


class Trap:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(value: float, saved: tuple[Generator, Path]) -> None:
    _, path = saved
    tensors = load_file(path)
    tensors["decoder.colours.weight"][0] = value
    save_file(tensors, path, metadata={"rsagan": json.dumps(read_metadata(path))})
    with pytest.raises(InputError, match="damaged"):
        load_weights(path)


def test_a_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    pickle, path, sprung = tmp_path / "model.pt", tmp_path / "model.safetensors", tmp_path / "sprung"
    torch.save({"trap": Trap(sprung)}, pickle)
    path.write_bytes(pickle.read_bytes())
    refused(path)
    refused(pickle)
    assert not sprung.exists()
    torch.load(pickle, weights_only=False)
    assert sprung.exists()  # the trap works


def test_nothing_in_the_network_can_unpickle() -> None:
    files = sorted(Path(rsagan.network.__file__).parent.rglob("*.py"))
    assert len(files) >= 12
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                assert not {"pickle", "dill", "joblib", "shelve", "marshal"} & set(modules), file.name
            if isinstance(node, ast.Attribute):
                called = ast.unparse(node)
                assert called not in ("torch.load", "np.load", "numpy.load", "torch.jit.load"), file.name
            if isinstance(node, ast.Name):
                assert node.id not in ("eval", "exec", "__import__"), file.name


def test_what_float16_cannot_hold_is_never_written(tmp_path: Path, tiny: Any) -> None:
    generator = Generator(tiny())
    path = tmp_path / "weights.safetensors"
    with torch.no_grad():
        generator.decoder.colours.bias[0] = 65504.0
    save_weights(path, generator, {})
    before = path.read_bytes()
    with torch.no_grad():
        generator.decoder.colours.bias[1] = -70000.0
    with pytest.raises(InputError, match=r"decoder\.colours\.bias reaches 70000 .* 65504"):
        save_weights(path, generator, {})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_loading_weights_imports_no_compiler() -> None:
    program = (
        "import sys; from rsagan.network import load_weights, shipped_weights;"
        "load_weights(shipped_weights()); load_weights(shipped_weights((128, 88)));"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
