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
        [1725, 1725, 1294, 1741, 1661, 1523, 1404, 1621, 1657, 1427, 1403, 1530, 1719, 1357, 1321, 1682],
        [6115, 164, 363, 3231, 1319, 0, 72, 0],
    ),
    (7, 1): (
        [1828, 1685, 1683, 1818, 1828, 1104, 1209, 1815, 1827, 1670, 1693, 1816, 1796, 1668, 1686, 1786],
        [8920, 282, 0, 645, 0, 1018, 0, 399],
    ),
    (11, 2): (
        [1806, 1642, 1528, 1795, 1803, 1278, 1321, 1797, 1803, 1167, 1202, 1792, 1775, 1520, 1501, 1764],
        [8784, 83, 92, 952, 1245, 0, 9, 99],
    ),
    (18, 2): (
        [1902, 1462, 1674, 1887, 1905, 1016, 1316, 1890, 1902, 1787, 1873, 1887, 1873, 1790, 1777, 1858],
        [8870, 0, 173, 868, 824, 0, 308, 221],
    ),
    (25, 0): (
        [1811, 1742, 1570, 1843, 1815, 1594, 1349, 1845, 1813, 1475, 1458, 1844, 1780, 1679, 1690, 1810],
        [9222, 56, 99, 1260, 47, 0, 55, 525],
    ),
    (59, 1): (
        [1365, 1238, 1340, 1357, 1368, 1038, 1105, 1360, 1362, 957, 1146, 1354, 1342, 1198, 1199, 1333],
        [8751, 56, 137, 1324, 873, 0, 1, 122],
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
