"""The encoders against loops."""

from typing import Any

import numpy as np
import pytest
import torch

from rsagan.network.encoders import AppearanceEncoder, PoseEncoder


@pytest.mark.parametrize("semantics", [True, False])
def test_appearance(semantics: bool, tiny: Any, people: Any, literal: Any, shake: Any) -> None:
    encoder = shake(AppearanceEncoder(tiny(semantics=semantics)))
    source, parsing, *_ = people(1, (16, 24))
    regions = torch.nn.functional.avg_pool2d(parsing, 4) if semantics else None
    given = encoder(*encoder.look(source), regions)

    x = literal.array(source[0])
    x = literal.act(literal.conv(encoder.stem, x))
    x = half = literal.act(literal.conv(encoder.at_half, literal.act(literal.conv(encoder.to_half, x, stride=2))))
    x = literal.act(literal.conv(encoder.to_quarter, x, stride=2))
    x = literal.conv(encoder.with_regions, np.concatenate([x, literal.array(regions[0])]) if semantics else x)
    x = quarter = literal.residual(encoder.at_quarter, x)
    x = literal.act(literal.conv(encoder.to_eighth, literal.act(x), stride=2))
    eighth = literal.residual(encoder.at_eighth, x)
    for mine, theirs in zip((half, quarter, eighth), given, strict=True):
        np.testing.assert_allclose(literal.array(theirs[0]), mine, atol=1e-4)


def test_pose(tiny: Any, people: Any, literal: Any, shake: Any) -> None:
    encoder = shake(PoseEncoder(tiny()))
    points = people(1, (32, 24)).source_points
    given = encoder(points, (32, 24))
    maps = literal.pose_maps(literal.array(points[0]), (32, 24), 4)
    quarter = literal.act(literal.conv(encoder.stem, maps))
    eighth = literal.residual(encoder.at_eighth, literal.act(literal.conv(encoder.to_eighth, quarter, stride=2)))
    np.testing.assert_allclose(literal.array(given.quarter[0]), quarter, atol=1e-4)
    np.testing.assert_allclose(literal.array(given.eighth[0]), eighth, atol=1e-3)


def test_the_pose_encoder_lives_through_a_pose_without_joints(tiny: Any) -> None:
    features = PoseEncoder(tiny())(torch.full((2, 18, 2), torch.nan), (32, 24))
    assert features.quarter.shape == (2, 16, 8, 6)
    assert features.eighth.shape == (2, 16, 4, 3)
    assert features.quarter.isfinite().all()
    assert features.eighth.isfinite().all()
