"""How pictures of skin, eyes, hair and cloth are coloured before they are lit, compiled by numba."""

from numba import njit

from rsagan.synthetic.fabric import Kind, Look, Recolour, noise
from rsagan.synthetic.pictures import colour_at, level_for


@njit(cache=True, nogil=True, fastmath=True)
def pictured(look, pictures, blur, u, v, out):  # type: ignore[no-untyped-def]
    """The layer's picture at (u, v), recoloured as its look asks, into out (3,)."""
    slot = int(look[Look.PICTURE]) - 1
    colour_at(pictures, slot, level_for(look[Look.DENSITY], blur), u, v, out)
    mode = int(look[Look.RECOLOUR])
    if mode == Recolour.NONE:
        return
    usual = 0.25 * look[Look.USUAL] + 0.65 * look[Look.USUAL + 1] + 0.1 * look[Look.USUAL + 2]
    bright = 0.25 * out[0] + 0.65 * out[1] + 0.1 * out[2]
    amount = 1.0
    if mode == Recolour.HUE:  # leave what is far in hue: trims, emblems, buttons
        away = 0.0
        for k in range(3):
            away += abs(out[k] / (3 * bright + 0.02) - look[Look.USUAL + k] / (3 * usual + 0.02))
        amount = min(1.0, max(0.0, 1.6 - 4.0 * away))
    factor = bright / max(usual, 1e-3)
    factor = min(2.6 if int(look[Look.KIND]) == Kind.PICTURED_HAIR else 1.9, factor)  # light hair burns out otherwise
    for k in range(3):
        out[k] += (look[Look.WANTED + k] * factor - out[k]) * amount


@njit(cache=True, nogil=True, fastmath=True)
def photo_skin(look, c, limb, scalp, table, out):  # type: ignore[no-untyped-def]
    """Bring a picture of skin to the person's tone: `limb` is share of arm less share of leg, `scalp` of hair."""
    arm, leg = max(0.0, limb), max(0.0, -limb)
    for k in range(3):
        gain = look[Look.WANTED + k] * (1 - arm - leg) + look[Look.USUAL + k] * arm + look[Look.LEGS + k] * leg
        out[k] *= gain
    if scalp > 0:
        amount = min(0.85, scalp)
        for k in range(3):
            out[k] += (look[Look.BROW + k] - out[k]) * amount
    x, y, z = abs(c[0]), c[1], c[2]
    if look[Look.STUBBLE] > 0 and y > 5.8 and z > 0.2:  # beard: cheeks, chin and upper lip, thinner at its edge
        low = min(1.0, max(0.0, (6.8 - y + 0.4 * max(0.0, x - 0.42)) * 6)) * min(1.0, max(0.0, (z - 0.35) * 4))
        low *= min(1.0, max(0.0, (y - 6.05) * 6))
        mouth = (x / 0.24) ** 2 + ((y - 6.615) / 0.075) ** 2
        low *= min(1.0, max(0.0, (mouth - 0.8) * 2))
        amount = look[Look.STUBBLE] * low * (1 + 0.25 * noise(table, c[0] * 25, y * 25, z * 25))
        for k in range(3):
            out[k] += (look[Look.BROW + k] - out[k]) * min(0.9, max(0.0, amount))
