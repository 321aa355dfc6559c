"""The judges: their structure, and that training cannot have them."""

import pytest
import torch
from torch import nn

from rsagan import backbones
from rsagan.assets import fetch
from rsagan.errors import AssetError
from rsagan.evaluation import judges


@pytest.fixture
def files() -> None:
    try:
        fetch("mobilenetv2")
        fetch("efficientnet-lite0")
    except AssetError as error:
        pytest.skip(str(error))


def test_layers_halve_five_times() -> None:
    maps = judges.MobileNetV2()(torch.rand(2, 3, 128, 96) * 2 - 1)
    assert [tuple(each.shape[1:]) for each in maps] == [
        (16, 64, 48), (24, 32, 24), (32, 16, 12), (96, 8, 6), (320, 4, 3)
    ]  # fmt: skip
    assert all(0.1 < float(each.std()) < 100 for each in maps)


def test_folding_the_norms_changes_nothing() -> None:
    block = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU6()).eval()
    norm = block[1]
    for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        values.data.uniform_(0.5, 2)
    pictures = torch.rand(1, 3, 8, 8)
    before = block(pictures)
    judges._fold(block)
    assert isinstance(block[1], nn.Identity)
    torch.testing.assert_close(block(pictures), before)


def test_small_pictures_are_enlarged_and_scaled() -> None:
    grey = torch.full((1, 3, 40, 30), 0.0)
    ready = judges.normalised(grey)
    assert ready.shape == (1, 3, 160, 120)
    assert ready[0, :, 0, 0].tolist() == pytest.approx([0.0655, 0.1964, 0.4178], abs=1e-3)
    assert judges.normalised(torch.zeros(1, 3, 256, 176)).shape == (1, 3, 256, 176)


def test_one_vector_a_picture() -> None:
    network = judges.EfficientNetLite0()
    pictures = torch.rand(3, 3, 96, 96) * 2 - 1
    found = network(pictures)
    assert found.shape == (3, judges.FEATURES)
    assert found.std() > 0
    torch.testing.assert_close(network(pictures[1:2])[0], found[1], rtol=1e-3, atol=1e-4)


def test_judges_are_no_backbones_of_losses() -> None:
    assert not {"mobilenetv2", "efficientnet_lite0"} & set(backbones.NAMES)


@pytest.mark.network
@pytest.mark.usefixtures("files")
def test_the_trained_judges_know_a_copy_from_a_blur() -> None:
    """On a picture with edges at every scale a slight blur is nearer than a strong one."""
    picture = torch.zeros(1, 3, 128, 96)
    for k, (top, left) in enumerate([(10, 8), (40, 30), (70, 50), (90, 20)]):
        picture[:, k % 3, top : top + 30, left : left + 25] = 1
    slight, strong = (nn.functional.avg_pool2d(picture, k, 1, k // 2) for k in (3, 9))
    judge, features = judges.mobilenetv2(), judges.efficientnet_lite0()
    from rsagan.evaluation.metrics import perceptual_distance

    truth = judge(picture)
    near, far = (float(perceptual_distance(judge(each), truth)) for each in (slight, strong))
    assert 0 < near < far
    one, two, three = (features(each) for each in (picture, slight, strong))
    assert 0 < float((one - two).norm()) < float((one - three).norm())
    assert (judge.name, features.name) == ("mobilenetv2", "efficientnet_lite0")
