"""From joints to maps: heatmaps, limb maps, coordinates along and across each bone, and rigid bone motion.

All of it is computed from coordinates in float32 when it is needed and never stored. Sizes are in units of the
person's *scale*, the distance from neck to hips (or the longest visible bone, where that is not known), so that a
half body looks like a whole one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rsagan.network.layers import cell_centres, constant
from rsagan.people import LIMBS, NUM_JOINTS
from rsagan.people.pose import LEFT_HIP, NECK, NOSE, RIGHT_HIP

JOINT_SIGMA = 0.08
LIMB_SIGMA = 0.15
POSE_CHANNELS = NUM_JOINTS + 3 * len(LIMBS)

_FROM = tuple(a for a, _ in LIMBS)
_TO = tuple(b for _, b in LIMBS)
_RIGHT, _LEFT = (2, 8), (5, 11)
_HIPS = (RIGHT_HIP, LEFT_HIP)
_NOSE_FORWARD = 2.1  # shoulders and hips are that much broader in the mean than a nose is before the neck
_TRUNK = (LIMBS.index((1, 8)), LIMBS.index((1, 11)))  # neck to hips


def pose_maps(points: Tensor, size: tuple[int, int], stride: int, scale: float | None = None) -> Tensor:
    """What the pose encoder sees.

    Args:
        points: float32 (B, 18, 2), NaN = missing.
        size: (height, width) of the full picture, multiples of `stride`.
        scale: in pixels, instead of the person's own; then no joint changes the maps of another.

    Returns:
        float32 (B, 18 + 3 * 17, height / stride, width / stride): a heatmap a joint; for each limb its nearness, and
        nearness times the position along (-1 at its start, 1 at its end) and across it.
    """
    h, w = size[0] // stride, size[1] // stride
    bones = _Bones(points, size, scale)
    centres = cell_centres(h, w, stride, points.device)
    x, y = (centres[:, i] - bones.xy[:, :, None, i] for i in (0, 1))  # (B, 18, N)
    squared = torch.addcmul(x * x, y, y)
    heat = _bell(squared, JOINT_SIGMA * bones.scale) * bones.present[:, :, None]
    near, along, across = bones.around(centres)
    maps = [heat, near, near * (2 * along.clamp(-0.5, 1.5) - 1), near * (across / LIMB_SIGMA).clamp(-3, 3)]
    return torch.cat(maps, dim=1).unflatten(2, (h, w))


def rigid_motion(source: Tensor, target: Tensor, size: tuple[int, int], stride: int) -> tuple[Tensor, Tensor]:
    """Where each target cell would lie in the source if every bone moved rigidly.

    A point keeps its place along its bone and its distance from it, mirrored when the person is seen from the
    other side; near several bones the guesses are averaged by nearness.

    Args:
        source, target: float32 (B, 18, 2) joints.

    Returns:
        coordinates float32 (B, N, 2) in source pixels, and confidence float32 (B, N) in [0, 1], 0 far from all bones
        that both poses know.
    """
    here, there = _Bones(target, size), _Bones(source, size)
    centres = cell_centres(size[0] // stride, size[1] // stride, stride, target.device)
    near, along, across = here.around(centres)  # (B, 17, N)
    near = near.square() * (here.known & there.known)[:, :, None]
    # 1 where both are seen from the same side, -1 from opposite ones, soft in profile, where noise decides the sign.
    mirrored = torch.tanh(8 * here.facing * there.facing).masked_fill(~(here.sided & there.sided), 1.0)[:, None, None]
    aside = across * mirrored * there.scale[:, :, None]
    along = along.clamp(-0.3, 1.3)
    total = near.sum(1)
    means = []
    for i in (0, 1):  # x, then y
        start, bone, normal = (each[:, :, None, i] for each in (there.start, there.bone, there.normal))
        guess = torch.addcmul(torch.addcmul(start, along, bone), aside, normal)  # (B, 17, N)
        means.append((near * guess).sum(1))
    return torch.stack(means, -1) / total[..., None].clamp(min=1e-6), total.clamp(max=1)


def heading(points: Tensor) -> Tensor:
    """Where a person seems to face, float32 (B, 2), of length one or 0 where no joint tells.

    About (cos, sin) of the angle by which they are turned away from the camera, by the order of shoulders and hips and
    by what the nose is aside of the neck; who shows no nose faces front or back.

    Args:
        points: float32 (B, 18, 2), NaN = missing.
    """
    hips = points[:, list(_HIPS)].nanmean(1)
    up = F.normalize((points[:, NECK] - hips).nan_to_num(), dim=-1)
    upright = constant((0.0, -1.0), points.device)
    up = torch.where((up == 0).all(-1, keepdim=True), upright, up)
    aside = torch.stack([-up[:, 1], up[:, 0]], -1)[:, None]  # to the right, of who stands upright
    across = ((points[:, list(_LEFT)] - points[:, list(_RIGHT)]) * aside).sum(-1).nanmean(1)
    nose = ((points[:, NOSE] - points[:, NECK]) * aside[:, 0]).sum(-1)
    return F.normalize(torch.stack([across, _NOSE_FORWARD * nose], -1).nan_to_num(), dim=-1)


def _bell(squared: Tensor, sigma: Tensor) -> Tensor:
    """exp(-squared / (2 sigma^2)) of (B, M, N) and (B, M), but at least e^-40: smaller numbers, or products with them,
    would be subnormal, and many processors compute with those a hundred times as slowly."""
    return torch.exp((squared / (-2 * sigma[:, :, None].square())).clamp(min=-40))


class _Bones:
    """The bones of a batch of poses: start, direction, length, and the person's scale and facing."""

    def __init__(self, points: Tensor, size: tuple[int, int], scale: float | None = None) -> None:
        self.present = ~torch.isnan(points).any(-1)  # (B, 18)
        # No joint is farther off than this: the squares below must stay finite, or NaN would reach the picture.
        limit = 16.0 * max(size)
        self.xy = torch.nan_to_num(points.float()).clamp(-limit, limit)
        starts, ends, trunk, right, left = (
            constant(these, points.device) for these in (_FROM, _TO, _TRUNK, _RIGHT, _LEFT)
        )
        self.known = self.present[:, starts] & self.present[:, ends]  # (B, 17)
        self.start = self.xy[:, starts]
        self.bone = self.xy[:, ends] - self.start  # (B, 17, 2)
        self.length = self.bone.square().sum(-1).clamp(min=1.0).sqrt()
        self.normal = torch.stack([-self.bone[..., 1], self.bone[..., 0]], -1) / self.length[..., None]
        visible = self.length * self.known
        height = visible[:, trunk].amax(1, keepdim=True)  # (B, 1)
        longest = torch.where(height > 0, height, visible.amax(1, keepdim=True))
        self.scale = longest.clamp(min=size[0] / 16, max=float(size[0]))
        if scale is not None:
            self.scale = torch.full_like(self.scale, scale)
        # Positive when the person's left is on the picture's right: seen from the front; in scales.
        both = self.present[:, right] & self.present[:, left]
        self.sided = both.any(1)  # (B,)
        self.facing = ((self.xy[:, left, 0] - self.xy[:, right, 0]) * both).sum(1) / self.scale[:, 0]  # (B,)

    def around(self, centres: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For places (N, 2): nearness in [0, 1], position along in bone lengths, across in scales; each (B, 17, N)."""
        # x and y apart: one array (..., 2) would be walked in steps of two.
        x, y = (centres[:, i] - self.start[:, :, None, i] for i in (0, 1))
        bone_x, bone_y = (self.bone[:, :, None, i] for i in (0, 1))
        normal = self.normal / self.scale[:, :, None]
        reach = self.bone / self.length[..., None].square()
        along = torch.addcmul(x * reach[:, :, None, 0], y, reach[:, :, None, 1])
        across = torch.addcmul(x * normal[:, :, None, 0], y, normal[:, :, None, 1])
        foot = along.clamp(0, 1)
        x, y = torch.addcmul(x, foot, bone_x, value=-1), torch.addcmul(y, foot, bone_y, value=-1)
        squared = torch.addcmul(x * x, y, y)
        near = _bell(squared, LIMB_SIGMA * self.scale)
        return near * self.known[:, :, None], along, across
