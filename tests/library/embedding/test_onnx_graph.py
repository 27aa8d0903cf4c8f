"""Networks in floats and in integers: the same results, on every processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from library.embedding import efficientnet_lite0, onnx_format, onnx_session
from library.embedding.models import image_weights
from library.embedding.onnx_graph import Graph, QuantizedGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTPUTS = {"features": 1280, "middle": 192, "logits": 1000}


@pytest.fixture(scope="module")
def built() -> dict[str, bytes]:
    """The serialized network by the class of its graph: floats first."""
    weights = image_weights()
    return {
        graph.__name__: efficientnet_lite0.build(graph(weights))
        for graph in (Graph, QuantizedGraph)
    }


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """(8, 256, 256, 3): coarse to fine random patterns, the same in every run."""
    random = np.random.default_rng(0)
    patterns = (random.integers(0, 256, (side, side, 3), np.uint8) for side in range(2, 18, 2))
    images = (Image.fromarray(p).resize((256, 256), Image.Resampling.BICUBIC) for p in patterns)
    return np.stack([np.asarray(image) for image in images])


def test_no_sum_of_two_products_saturates_16_bits(built: dict[str, bytes]) -> None:
    """x86 processors without VNNI add products of unsigned and signed bytes in pairs in int16."""
    graph = onnx.load_from_string(built["QuantizedGraph"]).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    sources = {node.output[0]: node for node in graph.node}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 49
    for convolution in convolutions:
        activations, weights = (_quantized(sources[name]) for name in convolution.input[:2])
        assert arrays[activations[2]].dtype == np.uint8
        whole = arrays[weights[0]]
        assert whole.dtype == np.int8
        largest = int(np.abs(whole.astype(int)).max())
        assert 2 * 255 * largest <= np.iinfo(np.int16).max
        assert largest > 31, "a bit is not used"


def test_networks_are_valid_onnx(built: dict[str, bytes]) -> None:
    """The package onnx, which Akin does without, reads what `onnx_format` writes."""
    for network in built.values():
        read = onnx.load_from_string(network)
        onnx.checker.check_model(read, full_check=True)
        assert read.SerializeToString() == network
        widths = {o.name: o.type.tensor_type.shape.dim[1].dim_value for o in read.graph.output}
        assert widths == OUTPUTS


@pytest.mark.parametrize(
    "array",
    [np.float32(1.5), np.zeros((0, 2), np.int8), np.arange(300, dtype=">i4"), np.int64([[1, -2]])],
)
def test_a_constant_keeps_its_values(array: NDArray[Any]) -> None:
    array = np.asarray(array)
    tensor = onnx.TensorProto.FromString(onnx_format.tensor("x", array))
    np.testing.assert_array_equal(numpy_helper.to_array(tensor), array)


def _quantized(node: Any) -> list[str]:
    """Return the names of a quantized value, its scale and its zero point."""
    assert node.op_type == "DequantizeLinear"
    return list(node.input)


def test_integers_distinguish_pictures_as_floats_do(
    built: dict[str, bytes], pictures: NDArray[np.uint8]
) -> None:
    """The mean cosine of what distinguishes a picture; precision is measured by bench.likeness."""
    for output in OUTPUTS:
        centred = []
        for network in built.values():
            (vectors,) = onnx_session.session(network, 1).run([output], {"x": pictures})
            centred.append(onnx_session.unit(vectors - vectors.mean(axis=0)))
        assert (centred[0] * centred[1]).sum(axis=1).mean() > 0.85, output


def test_a_quantized_network_is_smaller(built: dict[str, bytes]) -> None:
    exact, fast = built.values()
    assert len(exact) / len(fast) > 2  # the dense layer stays in floats


def test_pictures_of_any_size_and_number(built: dict[str, bytes]) -> None:
    for network in built.values():
        session = onnx_session.session(network, 1)
        for shape in ((1, 224, 224, 3), (3, 96, 160, 3)):
            outputs = session.run([*OUTPUTS], {"x": np.full(shape, 200, np.uint8)})
            expected = [(shape[0], width) for width in OUTPUTS.values()]
            assert expected == [vectors.shape for vectors in outputs]
            assert all(np.isfinite(vectors).all() for vectors in outputs)


def test_a_channel_without_weights_keeps_its_bias_in_integers() -> None:
    """Its scale derives from the bias, which would not fit 32 bits otherwise."""
    weights = {
        "conv.weight": np.zeros((2, 3, 1, 1), np.float32),
        "norm.weight": np.array([1, 0], np.float32),
        "norm.bias": np.array([3.0, 0.0], np.float32),
        "norm.running_mean": np.zeros(2, np.float32),
        "norm.running_var": np.ones(2, np.float32),
    }
    for kind in (Graph, QuantizedGraph):
        graph = kind(weights)
        pooled = graph.average_pool(
            graph.convolution(graph.image_input(), "conv", "norm", relu6=True)
        )
        network = onnx_session.session(graph.model("bias", {"y": (pooled, 2)}), 1)
        (output,) = network.run(["y"], {"x": np.zeros((1, 8, 8, 3), np.uint8)})
        np.testing.assert_allclose(output, [[3, 0]], atol=0.02)
