"""The optional asset pack: reading its files, and people who wear it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.synthetic.digests import digest

from rsagan.errors import InputError
from rsagan.people.regions import Region
from rsagan.synthetic import identity, render_view
from rsagan.synthetic.fitting import placed, points, unwrapped
from rsagan.synthetic.mhclo import connected, read_piece
from rsagan.synthetic.pack import BOTTOMS, HAIR, SHOES, TOPS, Pack, open_pack, usual_folder
from rsagan.synthetic.packlook import hair_parts
from rsagan.synthetic.pictures import LINEAR, SIZE, START, Pictures, colour_at

SMALL = (128, 88)
FOLDER = os.environ.get("RSAGAN_ASSETS", "")
needs_pack = pytest.mark.skipif(not FOLDER, reason="needs an asset pack: set RSAGAN_ASSETS to its folder")


def write_patch(folder: Path) -> Path:
    """A square cloth of two quads, a decimetre before the chest, in the files' formats."""
    import cv2

    rows = [n for n in range(1400, 1420) if points().row_of[n] >= 0][:3]
    named = {"x": (5399, 11998), "y": (791, 881), "z": (962, 5320)}
    apart = [points().base[points().row_of[list(pair)], k] for k, pair in enumerate(named.values())]
    scales = [f"{axis}_scale {a} {b} {abs(p - q)}" for (axis, (a, b)), (p, q) in zip(named.items(), apart, strict=True)]
    lines = [f"{rows[0]} {rows[1]} {rows[2]} 1.5 -0.25 -0.25 {x} {y} 1.0" for y in (0, 1) for x in (0, 1, 2)]
    head = ["# a comment", "basemesh hm08", "name patch", "obj_file patch.obj", "material patch.mhmat",
            *scales, "verts 0"]  # fmt: skip
    (folder / "patch.mhclo").write_text("\n".join([*head, *lines, "delete_verts", "3 - 6 9"]))
    mesh = [f"v {x} {y} 1" for y in (0, 1) for x in (0, 1, 2)]
    mesh += ["vt 0 0", "vt 0.5 0", "vt 0.5 1", "vt 0 1", "vt 1 0", "vt 1 1", "vt 0.6 0", "vt 0.6 1"]
    mesh += ["f 1/1 2/2 5/3 4/4", "f 2/7 3/5 6/6 5/8"]
    (folder / "patch.obj").write_text("\n".join(mesh))
    (folder / "patch.mhmat").write_text("diffuseTexture patch.png\n")
    cv2.imwrite(str(folder / "patch.png"), np.full((64, 64, 3), 128, np.uint8))
    return folder / "patch.mhclo"


def write_pack(folder: Path, hair: str = "short02", eyes: int = 1) -> Path:
    """The files that a pack is told by; what they hold does not matter until it is worn."""
    names = ["clothes/fedora/fedora.mhclo", f"hair/{hair}/{hair}.mhclo", "eyebrows/a/a.mhclo", "eyelashes/a/a.mhclo"]
    names += ["skins/a/skin.png", *(f"eyes/materials/{k}_eye.png" for k in range(eyes))]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "skins/a/young_asian_male.mhmat").write_text("diffuseTexture skin.png\n")
    return folder


def test_a_piece_is_read_and_fitted(tmp_path: Path) -> None:
    piece = read_piece(write_patch(tmp_path))
    assert piece.mesh.shape == (2, 4)
    assert len(piece.source) == 8  # the seam doubles two vertices
    assert piece.hidden.tolist() == [3, 4, 5, 6, 9]
    assert piece.picture == tmp_path / "patch.png"
    assert len(np.unique(piece.islands)) == 2
    assert len(np.unique(piece.parts)) == 1
    steps = np.diff(piece.canon.reshape(2, 3, 3), axis=1)
    assert np.allclose(steps, [1, 0, 0], atol=1e-4)
    bones, weights = piece.carried
    assert bones.shape == (6, 6)
    assert np.allclose(weights.sum(1), 1)
    wider = piece.fitted(points().base * np.float32(1.1))
    assert np.allclose(np.diff(wider.reshape(2, 3, 3), axis=1), [1.1, 0, 0], atol=1e-3)


def test_a_piece_for_another_mesh_is_refused(tmp_path: Path) -> None:
    path = write_patch(tmp_path)
    path.write_text(path.read_text().replace("hm08", "other"))
    with pytest.raises(InputError, match="other"):
        read_piece(path)


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no asset pack"):
        Pack(tmp_path)
    for name in ("skins", "clothes"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="has no skins, hair, clothes, eyebrows, eyelashes, eyes"):
        Pack(tmp_path)


def test_the_usual_folder_is_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RSAGAN_ASSETS", raising=False)
    assert usual_folder() is None
    monkeypatch.setenv("RSAGAN_ASSETS", "somewhere")
    assert usual_folder() == Path("somewhere")


def test_connected() -> None:
    quads = np.array([[0, 1, 2, 3], [3, 4, 5, 6], [7, 8, 9, 10]], np.int32)
    assert connected(quads, 11).tolist() == [0] * 7 + [7] * 4


def test_pictures_are_halved_and_sampled(tmp_path: Path) -> None:
    import cv2

    rgba = np.zeros((SIZE, SIZE, 4), np.uint8)
    rgba[:, : SIZE // 2] = (10, 20, 200, 255)  # red, as OpenCV writes it; the rest is clear
    cv2.imwrite(str(tmp_path / "half.png"), rgba)
    pictures = Pictures(2)
    slot = pictures.slot(tmp_path / "half.png")
    assert pictures.slot(tmp_path / "half.png") == slot
    out = np.zeros(3, np.float32)
    for level in range(4):
        colour_at(pictures.texels, slot, level, 0.25, 0.5, out)
        assert np.allclose(out, LINEAR[[200, 20, 10]], atol=1e-3)
        colour_at(pictures.texels, slot, level, 0.75, 0.5, out)  # colour is spread to where it is clear
        assert np.allclose(out, LINEAR[[200, 20, 10]], atol=1e-2)
        size = SIZE >> level
        alpha = pictures.texels[slot, START[level] : START[level] + size * size, 3].reshape(size, size)
        assert alpha[:, : size // 2].min() == 255
        assert alpha[:, size // 2 :].max() == 0


@pytest.mark.parametrize("side", [SIZE, 64])
def test_pictures_of_sixteen_bits_are_as_those_of_eight(tmp_path: Path, side: int) -> None:
    import cv2

    pictures = Pictures(2)
    for name, colour in (("8", np.uint8(0x40)), ("16", np.uint16(0x4080))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((side, side, 3), colour))
        assert (pictures.texels[pictures.slot(tmp_path / f"{name}.png"), :, :3] == 0x40).all()


def test_a_pack_has_room_for_all_its_pictures(tmp_path: Path) -> None:
    import cv2

    pack = Pack(write_pack(tmp_path, eyes=170))
    for path in pack.eyes:
        cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    assert [pack.pictures.slot(path) for path in pack.eyes] == list(range(170))
    assert len(pack.pictures.texels) >= 175


def test_packs_are_told_apart(tmp_path: Path) -> None:
    one, same, more, other = (
        Pack(write_pack(tmp_path / name, *rest))
        for name, *rest in (("one",), ("same",), ("more", "short02", 2), ("other", "bob01"))
    )
    assert one.digest == same.digest
    (tmp_path / "same" / "eyes" / "materials" / "0_eye.png").write_bytes(b"x")
    assert len({pack.digest for pack in (one, Pack(tmp_path / "same"), more, other)}) == 4


def test_who_finds_no_hair_in_the_pack_keeps_their_own(tmp_path: Path) -> None:
    none, bob = Pack(write_pack(tmp_path / "none", "other")), Pack(write_pack(tmp_path / "bob", "bob01"))
    for pack, sex, hat in ((none, "female", False), (bob, "male", False), (bob, "female", True)):
        rng = np.random.default_rng(0)
        assert hair_parts(pack, points().base, rng, sex, np.ones(3, np.float32), hat) is None
        assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


@needs_pack
def test_a_pack_with_hair_for_one_sex_dresses_both(tmp_path: Path) -> None:
    for kind in ("skins", "clothes", "eyes", "eyebrows", "eyelashes"):
        (tmp_path / kind).symlink_to(open_pack(FOLDER).root / kind)
    (tmp_path / "hair").mkdir()
    (tmp_path / "hair" / "short04").symlink_to(open_pack(FOLDER).root / "hair" / "short04")
    worn = [(who.sex, who.wears[-1]) for who in (identity(seed, tmp_path) for seed in range(8))]
    assert any("short04" in name for sex, name in worn if sex == "male")
    assert {sex for sex, _ in worn} == {"female", "male"}


def test_points_of_the_base_mesh() -> None:
    body = points()
    assert (body.row_of[body.number] == np.arange(len(body.number))).all()
    whole = placed({"caucasian-female-young": 1.0})
    assert whole.shape == body.base.shape
    assert 0.05 < np.abs(whole - body.base).max() < 10
    flat = unwrapped()
    assert flat.uv.min() >= 0
    assert flat.uv.max() <= 1
    assert len(flat.source) >= flat.source.max() + 1


@needs_pack
def test_everything_named_can_be_read() -> None:
    pack = open_pack(FOLDER)

    def there(names: Iterable[str], among: Mapping[str, Path]) -> list[str]:
        found = [name for name in names if name in among]
        assert found, f"a pack without any of {', '.join(names)}"
        return found

    for sex in HAIR:
        for name in there(HAIR[sex], pack.hair):
            assert pack.whole("hair", name, Region.HAIR).chosen.all()
        for half, table in ((pack.top, TOPS), (pack.bottom, BOTTOMS)):
            for name in there(table[sex], pack.clothes):
                assert half(name).chosen.any()
    for name in there(SHOES, pack.clothes):
        assert pack.shoes(name, True).chosen.sum() > pack.shoes(name, False).chosen.sum()


@needs_pack
def test_pack_people_same_seeds_same_bytes() -> None:
    first = digest(render_view(identity(3, FOLDER), 7, SMALL))
    identity.cache_clear()
    assert digest(render_view(identity(3, FOLDER), 7, SMALL)) == first
    assert first != digest(render_view(identity(3), 7, SMALL))


@needs_pack
def test_every_second_streamed_person_is_from_the_pack() -> None:
    from rsagan.data.stream import TRAINING, parse_supply, render_person

    plain, mixed = parse_supply("synthetic:3:64x48"), parse_supply("synthetic:3:64x48", FOLDER)
    same = [
        np.array_equal(*(render_person(supply, TRAINING, n, 1)[0].pixels[0] for supply in (plain, mixed)))
        for n in range(16)
    ]
    assert 3 <= sum(same) <= 13
