"""The picture of curves."""

import numpy as np

from rsagan.evaluation.curves import draw_curves


def test_each_line_is_drawn_in_its_colour() -> None:
    lines = {"one": [(1.0, 3.0), (2.0, 1.0)], "two": [(1.0, 2.0), (2.0, 2.5)]}
    picture = draw_curves({"pairs": lines, "seconds": lines}, "distance")
    half = 860  # a panel; the legend follows
    shown = np.unique(picture[:, 2 * half : 2 * half + 20].reshape(-1, 3), axis=0)
    first, second = (colour for colour in shown if np.ptp(colour.astype(int)) > 60)
    for panel in (picture[:, :half], picture[:, half : 2 * half]):
        falls = []
        for colour in (first, second):
            rows, columns = np.nonzero((panel == colour).all(2))
            assert len(rows) > 100
            falls.append(bool(rows[columns.argmin()] < rows[columns.argmax()]))  # rows count downwards
        assert sorted(falls) == [False, True]


def test_every_name_of_a_long_legend_is_whole() -> None:
    lines = {f"semantic_baseline_published, seed {k}": [(1.0, float(k)), (2.0, 1.0)] for k in range(36)}
    legend = draw_curves({"pairs": lines}, "distance")[:, 860:]
    written = (legend < 100).all(2)  # in dark grey
    assert written[-64:-40].any()
    assert not written[:, -4:].any()
    assert len(np.unique(np.nonzero(written.any(1))[0] // 24)) >= 36


def test_one_point_is_enough() -> None:
    assert draw_curves({"pairs": {"one": [(1.0, 3.0)]}}, "distance").dtype == np.uint8
