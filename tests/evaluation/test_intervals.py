"""Weighted statistics, the bootstrap over identities and the jackknife."""

import numpy as np
import pytest

from rsagan.evaluation.intervals import Draws, jackknife, leave_out, mean, mean_iou, quantile, ratio, share

ONE = np.ones((1, 4))


def test_statistics_are_the_plain_ones_under_equal_weights() -> None:
    values = np.array([1.0, 2.0, np.nan, 6.0])
    assert mean(values)(ONE) == pytest.approx(3)
    assert ratio(mean(values), mean(np.full(4, 2.0)))(ONE) == pytest.approx(1.5)
    assert share(np.array([1.0, 0, 2, 0]), np.array([2.0, 2, 2, 0]))(ONE) == pytest.approx(0.5)
    assert quantile(np.array([5.0, 1, 3]), np.array([0, 0, 3]), 0.5)(ONE) == 3
    assert mean_iou(np.array([[1, 2, 0]] * 4), np.array([[2, 3, 0]] * 4))(ONE) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_a_weight_is_a_repetition() -> None:
    times = np.array([2, 0, 1, 3])
    again = np.repeat(np.arange(4), times)
    values, owner = np.random.default_rng(0).random(9), np.array([0, 0, 1, 1, 2, 2, 3, 3, 3])
    weights = times[None].astype(float)
    long = np.concatenate([values[owner == pair] for pair in again])
    assert quantile(values, owner, 0.95)(weights) == np.quantile(long, 0.95, method="inverted_cdf")
    one = np.array([1.0, 5, 2, 7])
    assert mean(one)(weights) == pytest.approx(one[again].mean())


def test_nothing_counted_is_no_number() -> None:
    draws = Draws(np.array([0, 0, 1, 1]))
    row = draws.row(mean(np.array([np.nan, np.nan, 1, 2])), np.array([True, True, False, False]))
    assert row == {"value": None, "interval": [None, None]}


def test_bootstrap_draws_whole_identities() -> None:
    values, groups = np.repeat([0.0, 1.0, 2.0, 3.0], 50), np.repeat(np.arange(4), 50)
    draws = Draws(groups)
    row = draws.row(mean(values))
    assert row["value"] == 1.5
    assert row["interval"][0] < 0.7
    assert row["interval"][1] > 2.3
    assert Draws(groups).row(mean(values)) == row
    alone = Draws(np.arange(200)).row(mean(values))
    assert alone["interval"][1] - alone["interval"][0] < 0.4
    low = draws.row(mean(values), values < 2)
    assert low["value"] == 0.5


def test_one_identity_has_no_interval() -> None:
    row = Draws(np.zeros(4, np.int64)).row(mean(np.arange(4.0)))
    assert row == {"value": 1.5, "interval": [None, None]}


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    random = np.random.default_rng(0)
    values = random.normal(0, 1, 400)
    row = jackknife(leave_out(lambda kept: float(values[kept].mean()), np.arange(400), blocks=400))
    error = values.std(ddof=1) / 20
    assert row["value"] == pytest.approx(values.mean(), abs=1e-6)
    assert row["interval"] == pytest.approx([values.mean() - 1.96 * error, values.mean() + 1.96 * error], abs=1e-4)
    assert jackknife(leave_out(lambda kept: 1.0, np.zeros(3, int)))["interval"] == [None, None]
