"""Named ways to score pictures against true ones, so that no number stands without saying how it was made.

`clean-v1` is how it should be done. The others repeat scripts that published numbers come from, with their habits:

- patn-legacy: 256x176 pictures get 40 white columns on each side; SSIM with Gaussian 1.5 and the result's own range;
  Inception Score; on other sizes also SSIM and Inception Score within the body's mask.
- gfla-legacy: SSIM with a flat window of 51, and with Gaussian 1.5 and the result's own range; pictures come bilinearly
  to torchvision's Inception with ImageNet's shift applied to [0, 1]; the last partial batch of 64 is dropped; at 128x64
  also LPIPS within the body's mask.
- dptn-legacy: as gfla-legacy with white columns; LPIPS drops nothing, but within the mask.
- pidm-legacy: as gfla-legacy with Gaussian 1.2, without mask, and networks are shown pictures brought to 256x176.
- cfld-legacy: as gfla-legacy without mask, and nothing is dropped.

None of a protocol's numbers may be set beside another protocol's. The scripts take pictures as they find them: GFLA and
PIDM gave theirs 256x256 ones, squashed, the others 256x176.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from rsagan.errors import InputError
from rsagan.evaluation.benchmark import similarity
from rsagan.people import Picture

INCEPTION_2015: Final = "inception-2015"  # TensorFlow's: Inception Score, FID, KID
INCEPTION_IMAGENET: Final = "inception-imagenet"  # torchvision's
BATCH: Final = 64
_PAD: Final = 40
_PADDED_SIZE: Final = (256, 176)
MARKET: Final = (128, 64)  # height and width of Market-1501's pictures, which masks are for


@dataclass(frozen=True)
class Protocol:
    """How to score. The module's list says which script each one repeats.

    Attributes:
        name: stands beside every number. about: in a sentence.
        network: whose Fréchet distance, or Inception Score, bears that name here.
        padded: 256x176 pictures get white columns on both sides before pixels are compared.
        flat: also SSIM with a flat window of 51, and GFLA's MAE. sigma: of the Gaussian one.
        own_range: SSIM's data range is the result's largest minus its smallest value instead of 255.
        reduced: the networks, not SSIM, are shown pictures brought to 256x176 by OpenCV's bilinear kernel.
        dropped: partial batches of 64 are left out of the feature statistics. dropped_lpips: of the perceptual mean.
        masked_lpips: pictures of 128x64 are also compared within the body's mask, without partial batches.
        classes: L1 on [-1, 1] instead of PSNR and L1 on [0, 1]; Inception Score instead of a distance of features;
            both scores within the body's mask too, where pictures are not padded.
    """

    name: str
    about: str
    network: str = INCEPTION_2015
    padded: bool = False
    flat: bool = False
    sigma: float = 1.5
    own_range: bool = False
    reduced: bool = False
    dropped: bool = False
    dropped_lpips: bool = False
    masked_lpips: bool = False
    classes: bool = False

    @property
    def legacy_features(self) -> bool:
        """Whether pictures come to the network as to torchvision's in the scripts: bilinearly, wrongly shifted."""
        return self.network == INCEPTION_IMAGENET

    def pads(self, picture: Picture) -> bool:
        """Whether this picture, uint8 (H, W, 3), gets white columns."""
        return self.padded and picture.shape[:2] == _PADDED_SIZE


PROTOCOLS: Final = {
    protocol.name: protocol
    for protocol in (
        Protocol("clean-v1", "Every picture as it is, standard SSIM, features rightly resized and scaled"),
        Protocol("patn-legacy", "PATN's scripts: white margins, Inception Score, masks",
                 padded=True, own_range=True, classes=True),
        Protocol("gfla-legacy", "GFLA's script: two SSIMs, wrongly scaled features, last partial batches dropped",
                 INCEPTION_IMAGENET, flat=True, own_range=True, dropped=True, dropped_lpips=True, masked_lpips=True),
        Protocol("dptn-legacy", "DPTN's script: GFLA's with white margins",
                 INCEPTION_IMAGENET, padded=True, flat=True, own_range=True, dropped=True, masked_lpips=True),
        Protocol("pidm-legacy", "PIDM's script: GFLA's with another sigma and pictures reduced for the networks",
                 INCEPTION_IMAGENET, flat=True, sigma=1.2, own_range=True, reduced=True, dropped=True,
                 dropped_lpips=True),
        Protocol("cfld-legacy", "CFLD's script: GFLA's with every picture counted",
                 INCEPTION_IMAGENET, flat=True, own_range=True),
    )
}  # fmt: skip


def find_protocol(name: str) -> Protocol:
    """A protocol by its name. Raises InputError if there is none."""
    if name not in PROTOCOLS:
        raise InputError(f"There is no protocol {name!r}; there are {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]


def whole_batches(count: int, batch: int = BATCH) -> int:
    """How many pictures are left when the last partial batch is dropped; all, if there are fewer than one batch."""
    return count if count < batch else count // batch * batch


def feature_input(pictures: Sequence[Picture], protocol: Protocol, side: int | None) -> Tensor:
    """What a feature network is shown: float32 (B, 3, side, side), or the pictures' own size."""
    if not protocol.legacy_features:
        if side is not None:
            resized = [_antialiased(picture, side) for picture in pictures]
        else:
            resized = [picture.astype(np.float32) for picture in pictures]
        return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2) / 127.5 - 1
    scaled = [shown(picture, protocol) for picture in pictures]
    batch = torch.from_numpy(np.stack(scaled)).permute(0, 3, 1, 2) / 255
    if side is not None:
        batch = functional.interpolate(batch, (side, side), mode="bilinear", align_corners=False)
    spread = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1) / 0.5
    shift = (torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1) - 0.5) / 0.5
    return batch * spread + shift


def perceptual_input(picture: Picture, protocol: Protocol, mask: NDArray[np.bool_] | None = None) -> Tensor:
    """What a perceptual distance is shown: float32 (1, 3, H, W) in [-1, 1], 0 outside a mask (H, W)."""
    scaled = shown(picture, protocol) / np.float32(127.5) - 1
    if mask is not None:
        scaled = scaled * mask[..., None]
    return torch.from_numpy(np.ascontiguousarray(scaled)).permute(2, 0, 1)[None]


def shown(picture: Picture, protocol: Protocol) -> NDArray[np.float32]:
    """The picture as the protocol's networks are shown it: float32 (H, W, 3) in 0..255."""
    as_float = picture.astype(np.float32)
    return np.asarray(cv2.resize(as_float, _PADDED_SIZE[::-1])) if protocol.reduced else as_float


def padded(picture: Picture) -> Picture:
    """40 white columns on either side."""
    return np.pad(picture, ((0, 0), (_PAD, _PAD), (0, 0)), constant_values=255)


def compare(
    protocol: Protocol, result: Picture, truth: Picture, mask: NDArray[np.bool_] | None = None
) -> dict[str, float]:
    """The numbers of one picture that need no network.

    Args:
        result, truth: uint8 (H, W, 3). mask: bool (H, W) of unpadded pictures, for the masked SSIM.
    """
    if protocol.pads(truth):
        result, truth = padded(result), padded(truth)
    wide = float(result.max()) - float(result.min()) if protocol.own_range else 255.0
    numbers = {"SSIM": similarity.ssim_gaussian(truth, result, wide, protocol.sigma)}
    if protocol.classes:
        numbers["L1"] = similarity.mean_error(truth, result) / 127.5
        if mask is not None:
            hidden, true = result * mask[..., None], truth * mask[..., None]
            span = float(hidden.max()) - float(hidden.min())
            numbers["mask-SSIM"] = similarity.ssim_gaussian(true, hidden, span, protocol.sigma)
        return numbers
    one, other = truth / np.float32(255), result / np.float32(255)
    numbers["PSNR"] = similarity.psnr(one, other, 1)
    numbers["L1"] = similarity.mean_error(one, other)
    if protocol.flat:
        numbers["SSIM, flat window"] = similarity.ssim_flat(one, other, 1)
        numbers["MAE"] = similarity.relative_error(one, other)
    return numbers


def _antialiased(picture: Picture, side: int) -> NDArray[np.float32]:
    """Bicubic with antialias, a channel at a time in floating point, not rounded: (side, side, 3) in 0..255."""
    channels = [
        np.asarray(Image.fromarray(picture[..., k].astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
        for k in range(3)
    ]
    return np.stack(channels, -1).clip(0, 255)
