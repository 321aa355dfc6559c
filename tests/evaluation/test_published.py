"""The published networks' code paths, with seeded weights: the real ones need internet."""

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import layouts
import legacy_scripts as slow
from rsagan.errors import AssetError
from rsagan.evaluation.benchmark.measure import measure
from rsagan.evaluation.benchmark.networks import published_networks
from rsagan.evaluation.benchmark.protocols import PROTOCOLS
from rsagan.evaluation.sets import frechet_distance


def seeded(network: nn.Module) -> nn.Module:
    """Weights under which features neither vanish nor grow, the same for every network of one shape."""
    generator = torch.Generator().manual_seed(0)
    for weight in network.parameters():
        if weight.ndim > 1:
            weight.data = torch.randn(weight.shape, generator=generator) * (2 / weight[0].numel()) ** 0.5
    return network.eval()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded weights instead of downloaded ones."""
    for package in ("torchvision", "torch_fidelity"):
        pytest.importorskip(package)
    api: Any = importlib.import_module("torchvision.models._api")
    fidelity: Any = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
    models: Any = importlib.import_module("torchvision.models")
    monkeypatch.setattr(api.WeightsEnum, "get_state_dict", lambda *_, **__: {})
    monkeypatch.setattr(fidelity, "load_state_dict_from_url", lambda *_, **__: {})
    for network in (models.Inception3, models.AlexNet, fidelity.FeatureExtractorInceptionV3):
        monkeypatch.setattr(network, "load_state_dict", lambda self, *_, **__: seeded(self))


def extractor(feature: str) -> Any:
    """torch-fidelity's own network, which takes bytes."""
    module: Any = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
    return module.FeatureExtractorInceptionV3("inception", [feature])


def people(count: int, view: int = 0) -> list[np.ndarray]:
    return [layouts.draw(i, view, (128, 88))[0] for i in range(count)]


def test_without_the_packages_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(importlib.import_module("sys").modules, "torchmetrics.image.lpip", None)
    with pytest.raises(AssetError, match="standard-metrics"):
        published_networks(PROTOCOLS["clean-v1"])


def test_without_internet_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from rsagan.evaluation import standard

    with pytest.raises(AssetError, match=r"could not be downloaded .*--standard"), standard.downloading():
        raise OSError("no route")


@pytest.mark.usefixtures("offline")
def test_the_legacy_distance_is_of_the_pooled_features_of_torchvisions_inception() -> None:
    networks = published_networks(PROTOCOLS["cfld-legacy"])
    assert networks.features is not None
    results, reference = people(3), people(4, 1)
    inception = seeded(importlib.import_module("torchvision.models").inception_v3(weights=None, init_weights=False))

    def features(pictures: list[np.ndarray]) -> np.ndarray:
        """The layers by hand, as the scripts part them."""
        x: Tensor = slow.imagenet_shift(pictures, 299)
        for name, layer in inception.named_children():
            if name not in ("AuxLogits", "avgpool", "dropout", "fc"):
                x = layer(x)
        return functional.adaptive_avg_pool2d(x, 1).flatten(1).detach().numpy().astype(np.float64)

    found = networks.features.run(slow.imagenet_shift(results, 299)).numpy()
    assert found.shape == (3, 2048)
    numbers = measure(PROTOCOLS["cfld-legacy"], results, results, reference, networks).numbers
    np.testing.assert_allclose(found, features(results), rtol=1e-4, atol=1e-5)
    assert numbers["FID"] == pytest.approx(frechet_distance(features(results), features(reference)), rel=1e-3)
    assert numbers["LPIPS"] == 0


@pytest.mark.usefixtures("offline")
def test_clean_features_are_those_of_torch_fidelity() -> None:
    networks = published_networks(PROTOCOLS["clean-v1"])
    assert networks.features is not None
    pictures = torch.randint(0, 256, (2, 3, 299, 299), dtype=torch.uint8)
    expected = extractor("2048")(pictures)[0]
    found = networks.features.run(pictures.float() / 127.5 - 1)
    assert networks.features.side == 299
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    numbers = measure(PROTOCOLS["clean-v1"], people(3), people(3, 1), people(4, 1), networks).numbers
    assert {"FID", "KID x1000", "LPIPS"} <= set(numbers)
    assert numbers["LPIPS"] > 0


@pytest.mark.usefixtures("offline")
def test_patn_scores_by_the_classes_of_2015() -> None:
    networks = published_networks(PROTOCOLS["patn-legacy"])
    assert networks.classifier is not None
    assert networks.features is None
    pictures = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8)
    chances = networks.classifier.run(pictures.float() / 127.5 - 1)
    torch.testing.assert_close(chances, extractor("logits_unbiased")(pictures)[0].softmax(1))
    assert measure(PROTOCOLS["patn-legacy"], people(3), people(3), None, networks).numbers["Inception Score"] >= 1
