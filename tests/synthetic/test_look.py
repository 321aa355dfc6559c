"""The built-in look is versioned by its seeds: these pictures may change only on purpose.

Kept are brightness in 4 x 4 blocks and pixels by region, with a tolerance for the last bits that processors differ in.
After a deliberate change print `summary` of the views again.
"""

import numpy as np
import pytest

from rsagan.synthetic import View, identity, render_view

SMALL = (128, 88)
KNOWN: dict[tuple[int, int], tuple[list[int], list[int]]] = {
    (0, 0): (
        [1725, 1725, 1293, 1741, 1664, 1525, 1408, 1622, 1656, 1425, 1401, 1533, 1720, 1357, 1319, 1683],
        [6129, 165, 363, 3214, 1320, 0, 73, 0],
    ),
    (7, 1): (
        [1828, 1683, 1685, 1818, 1828, 1104, 1213, 1815, 1827, 1665, 1691, 1816, 1796, 1668, 1685, 1786],
        [8921, 281, 0, 642, 0, 1021, 0, 399],
    ),
    (11, 2): (
        [1806, 1641, 1526, 1795, 1802, 1279, 1325, 1798, 1802, 1166, 1201, 1792, 1775, 1522, 1503, 1764],
        [8786, 86, 92, 948, 1245, 0, 8, 99],
    ),
    (18, 2): (
        [1902, 1468, 1676, 1887, 1905, 1017, 1317, 1890, 1902, 1784, 1873, 1887, 1873, 1789, 1781, 1858],
        [8874, 0, 173, 862, 825, 0, 309, 221],
    ),
    (37, 3): (
        [1807, 1537, 1586, 1806, 1810, 919, 1028, 1809, 1804, 1271, 1266, 1803, 1776, 1541, 1539, 1775],
        [8872, 34, 150, 1003, 1017, 0, 66, 122],
    ),
    (42, 0): (
        [1771, 1624, 1388, 1781, 1774, 1119, 896, 1784, 1773, 1092, 1337, 1782, 1743, 1627, 1582, 1753],
        [8842, 139, 63, 961, 0, 755, 79, 425],
    ),
    (45, 3): (
        [1738, 1535, 1355, 1740, 1741, 816, 871, 1744, 1738, 1539, 1449, 1740, 1710, 1635, 1555, 1713],
        [8632, 68, 199, 1356, 837, 0, 90, 82],
    ),
    (59, 1): (
        [1365, 1240, 1340, 1357, 1368, 1035, 1108, 1360, 1362, 959, 1148, 1354, 1341, 1201, 1202, 1333],
        [8754, 56, 136, 1323, 872, 0, 1, 122],
    ),
}


def summary(view: View) -> tuple[list[int], list[int]]:
    """Mean brightness of 16 blocks in eighths of a level, and how many pixels each of the 8 regions has."""
    blocks = view.picture.astype(float).mean(2).reshape(4, 32, 4, 22).mean((1, 3))
    return np.round(blocks.ravel() * 8).astype(int).tolist(), np.bincount(view.parsing.ravel(), minlength=8).tolist()


@pytest.mark.parametrize("seeds", list(KNOWN))
def test_the_builtin_look_is_what_it_was(seeds: tuple[int, int]) -> None:
    blocks, regions = summary(render_view(identity(seeds[0]), seeds[1], SMALL))
    assert np.abs(np.subtract(blocks, KNOWN[seeds][0])).max() <= 4
    assert np.abs(np.subtract(regions, KNOWN[seeds][1])).max() <= 6


def test_a_pack_is_used_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    first = render_view(identity(2), 0, SMALL)
    monkeypatch.setenv("RSAGAN_ASSETS", "/nowhere")
    identity.cache_clear()
    assert np.array_equal(first.picture, render_view(identity(2), 0, SMALL).picture)


def test_headwear_and_styles_occur() -> None:
    """Among a few hundred people there is some of everything, and the names say so."""
    from rsagan.synthetic.body import adult_shape, figure
    from rsagan.synthetic.headwear import CAPPED, headwear

    form = figure(adult_shape(np.random.default_rng(0), "female"))
    names: set[str] = set()
    for seed in range(150):
        worn = headwear(form, np.random.default_rng(seed), "female", CAPPED[seed % len(CAPPED)])
        names.update(worn.names)
        assert all(np.isfinite(part.rest).all() for part in worn.parts)
    assert names == {"beanie", "cap", "hijab", "glasses", "sunglasses", "scarf"}


def test_some_jackets_have_lapels_and_some_have_none() -> None:
    from rsagan.synthetic.styling import wear, with_lapels

    found = []
    for seed in range(160):
        outfit = with_lapels(np.random.default_rng(seed), wear(np.random.default_rng(seed), "male"))
        names = [garment.name for garment in outfit.garments]
        jacket = next((k for k, name in enumerate(names) if name in ("jacket", "coat")), None)
        if jacket is None:
            assert "lapels" not in names
            continue
        found.append("lapels" in names)
        if found[-1]:
            assert names[jacket + 1] == "lapels"
            assert outfit.garments[jacket + 1].ease > outfit.garments[jacket].ease
    assert 0.2 < np.mean(found) < 0.9
