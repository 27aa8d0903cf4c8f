"""Convolutional networks as ONNX graphs: in floats, or with their convolutions in 8 bits.

Knows the operators and how they are rounded; no network, no weights of its own. A graph takes
pictures as they lie in memory: `x` (n, height, width, 3) of bytes, RGB. Rounded after Nagel et
al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019): what a
convolution gives is bounded by its ReLU6, or by what its batch norm says of mean and spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[Any]]
    Floats = NDArray[np.float64]

_EPSILON: Final = 1e-3  # of TensorFlow's batch norm
_OPSET: Final = 17
_IR_VERSION: Final = 9
_SPREADS: Final = 4.0  # standard deviations of a channel that are told apart; beyond, cut off


class Graph:
    """Collects nodes and weights; every method returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, value: Any) -> str:
        """A value that the network carries."""
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """An operator on these inputs."""
        output = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def picture(self) -> str:
        """The input, (n, 3, height, width), as `(value - 127) / 128`."""
        floats = self.node("Cast", ["x"], to=TensorProto.FLOAT)
        centred = self.node("Sub", [floats, self.constant(np.float32(127))])
        scaled = self.node("Div", [centred, self.constant(np.float32(128))])
        return self.node("Transpose", [scaled], perm=[0, 3, 1, 2])

    def pooled(self, x: str) -> str:
        """The average of each channel over the picture: (n, channels)."""
        return self.node("Flatten", [self.node("GlobalAveragePool", [x])], axis=1)

    def added(self, x: str, y: str) -> str:
        """A residual."""
        return self.node("Add", [x, y])

    def dense(self, x: str, layer: str) -> str:
        """A fully connected layer."""
        parts = [
            self.constant(self.weights[f"{layer}.{part}"].astype(np.float32))
            for part in ("weight", "bias")
        ]
        return self.node("Gemm", [x, *parts], transB=1)

    def convolution(self, x: str, conv: str, norm: str, *, stride: int = 1, relu6: bool) -> str:
        """A convolution with its batch norm folded in, then ReLU6 where the network has it."""
        kernel, shift = self._folded(conv, norm)
        weights = [self.constant(part.astype(np.float32)) for part in (kernel, shift)]
        output = self._convolved(x, weights, kernel, stride)
        if not relu6:
            return output
        bounds = [self.constant(np.float32(bound)) for bound in (0, 6)]
        return self.node("Clip", [output, *bounds])

    def _folded(self, conv: str, norm: str) -> tuple[Floats, Floats]:
        """The kernel (out, in, height, width) and the bias (out,) with the batch norm in them."""
        kernel = self.weights[f"{conv}.weight"].astype(np.float64)
        variance = self.weights[f"{norm}.running_var"].astype(np.float64)
        scale = self.weights[f"{norm}.weight"] / np.sqrt(variance + _EPSILON)
        shift = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        return kernel * scale[:, None, None, None], shift

    def _convolved(self, x: str, weights: list[str], kernel: Floats, stride: int) -> str:
        size = int(kernel.shape[2])
        depthwise = kernel.shape[1] == 1 and size > 1
        return self.node(
            "Conv",
            [x, *weights],
            kernel_shape=[size, size],
            strides=[stride, stride],
            auto_pad="SAME_UPPER",  # as TensorFlow pads
            group=int(kernel.shape[0]) if depthwise else 1,
        )

    def model(self, name: str, outputs: Mapping[str, tuple[str, int]]) -> bytes:
        """The network, serialised; `outputs` by name: a node's output and its width."""
        told = [self.node("Identity", [inner]) for inner, _ in outputs.values()]
        for output, wanted in zip(self.nodes[-len(told) :], outputs, strict=True):
            output.output[0] = wanted
        model = helper.make_model(
            helper.make_graph(
                self.nodes,
                name,
                [helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", "h", "w", 3])],
                [
                    helper.make_tensor_value_info(wanted, TensorProto.FLOAT, ["n", width])
                    for wanted, (_, width) in outputs.items()
                ],
                self.initializers,
            ),
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
        )
        checker.check_model(model)
        serialised: bytes = model.SerializeToString()
        return serialised


class EightBitGraph(Graph):
    """The same network with its convolutions in 8 bits; averages and dense layers in floats.

    Written as quantised and dequantised again around every convolution, which onnxruntime turns
    into integer arithmetic. A ReLU6 needs no operator: bytes for 0 to 6 hold nothing else.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__(weights)
        self._steps: dict[str, float] = {}  # output -> what one step of its bytes is worth
        self._normal: dict[str, tuple[Floats, Floats]] = {}  # output -> mean, variance a channel

    def picture(self) -> str:
        """The input: bytes already, in steps of 1 / 128 from 127 on."""
        scale = [self.constant(np.float32(1 / 128)), self.constant(np.uint8(127))]
        turned = self.node("Transpose", ["x"], perm=[0, 3, 1, 2])
        output = self.node("DequantizeLinear", [turned, *scale])
        self._steps[output] = 1 / 128
        return output

    def added(self, x: str, y: str) -> str:
        """A residual, as wide as both together may be."""
        (mean, variance), (more, wider) = self._normal[x], self._normal[y]
        return self._within(super().added(x, y), mean + more, variance + wider)

    def convolution(self, x: str, conv: str, norm: str, *, stride: int = 1, relu6: bool) -> str:
        """A convolution of bytes; its weights have a scale a channel."""
        kernel, shift = self._folded(conv, norm)
        step = self._steps[x]
        steps = np.abs(kernel).max(axis=(1, 2, 3)) / 127
        steps = np.maximum(steps, np.abs(shift) / step / 2**30)  # the bias has to fit 32 bits
        rounded = np.round(kernel / np.maximum(steps, 1e-30)[:, None, None, None])
        whole = np.round(shift / np.maximum(steps * step, 1e-30))
        weights = [
            self._scaled(rounded.astype(np.int8), steps),
            self._scaled(whole.astype(np.int32), steps * step),
        ]
        output = self._convolved(x, weights, kernel, stride)
        if relu6:
            return self._rounded(output, 0, 6)
        mean = self.weights[f"{norm}.bias"].astype(np.float64)
        return self._within(output, mean, self.weights[f"{norm}.weight"].astype(np.float64) ** 2)

    def _scaled(self, values: NDArray[Any], steps: Floats) -> str:
        zeros = self.constant(np.zeros(len(steps), values.dtype))
        scale = self.constant(steps.astype(np.float32))
        return self.node("DequantizeLinear", [self.constant(values), scale, zeros], axis=0)

    def _within(self, x: str, mean: Floats, variance: Floats) -> str:
        reach = np.sqrt(variance) * _SPREADS
        output = self._rounded(x, float((mean - reach).min()), float((mean + reach).max()))
        self._normal[output] = (mean, variance)
        return output

    def _rounded(self, x: str, low: float, high: float) -> str:
        low, high = min(low, 0.0), max(high, 0.0)  # what pads a picture is exactly zero
        step = (high - low) / 255
        scale = [self.constant(np.float32(step)), self.constant(np.uint8(round(-low / step)))]
        output = self.node("DequantizeLinear", [self.node("QuantizeLinear", [x, *scale]), *scale])
        self._steps[output] = step
        return output
