"""Convolutional networks as ONNX graphs: in floats, or with their convolutions in integers.

Contains the operators and their quantization; no network and no weights. The input of a graph is
`x` (n, height, width, 3): RGB pictures of bytes. Quantization follows Nagel et al., "Data-Free
Quantization Through Weight Equalization and Bias Correction" (2019): the range of a convolution's
output is that of its ReLU6, or follows from the mean and variance of its batch norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from library.embedding import onnx_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[Any]]
    Floats = NDArray[np.float64]

_EPSILON: Final = 1e-3  # of TensorFlow's batch norm
_OPSET: Final = 17
_IR_VERSION: Final = 9
_SPREADS: Final = 4.0  # standard deviations of a channel that are represented; the rest is clipped
# Weights have 7 bits: x86 processors without VNNI add products of unsigned and signed bytes in
# pairs in 16 bits, and 2 x 255 x 63 = 32,130 fits where 2 x 255 x 127 would saturate.
_WEIGHT_MAXIMUM: Final = 63


class Graph:
    """Builder of a network: methods add nodes and return the name of their output."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[bytes] = []
        self.initializers: list[bytes] = []

    def constant(self, value: Any) -> str:
        """Add a constant."""
        name = f"constant{len(self.initializers)}"
        self.initializers.append(onnx_format.tensor(name, np.asarray(value)))
        return name

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Add an operator on these inputs."""
        return self._named(f"{operator.lower()}{len(self.nodes)}", operator, inputs, attributes)

    def _named(
        self, output: str, operator: str, inputs: list[str], attributes: Mapping[str, Any]
    ) -> str:
        self.nodes.append(onnx_format.node(operator, inputs, output, attributes))
        return output

    def image_input(self) -> str:
        """Add the input (n, 3, height, width) as `(value - 127) / 128`."""
        floats = self.node("Cast", ["x"], to=onnx_format.FLOAT)
        centred = self.node("Sub", [floats, self.constant(np.float32(127))])
        scaled = self.node("Div", [centred, self.constant(np.float32(128))])
        return self.node("Transpose", [scaled], perm=[0, 3, 1, 2])

    def average_pool(self, x: str) -> str:
        """Add the average of each channel over the picture: (n, channels)."""
        return self.node("Flatten", [self.node("GlobalAveragePool", [x])], axis=1)

    def add(self, x: str, y: str) -> str:
        """Add the sum of a residual connection."""
        return self.node("Add", [x, y])

    def dense(self, x: str, layer: str) -> str:
        """Add a fully connected layer."""
        parts = [
            self.constant(self.weights[f"{layer}.{part}"].astype(np.float32))
            for part in ("weight", "bias")
        ]
        return self.node("Gemm", [x, *parts], transB=1)

    def convolution(self, x: str, conv: str, norm: str, *, stride: int = 1, relu6: bool) -> str:
        """Add a convolution with its batch norm folded in, and optionally ReLU6."""
        kernel, shift = self._folded(conv, norm)
        weights = [self.constant(part.astype(np.float32)) for part in (kernel, shift)]
        output = self._convolved(x, weights, kernel, stride)
        if not relu6:
            return output
        bounds = [self.constant(np.float32(bound)) for bound in (0, 6)]
        return self.node("Clip", [output, *bounds])

    def _folded(self, conv: str, norm: str) -> tuple[Floats, Floats]:
        """Return kernel (out, in, height, width) and bias (out,) that include the batch norm."""
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
        """Return the serialized network; `outputs` by name: a node's output and its width."""
        for output, (inner, _) in outputs.items():
            self._named(output, "Identity", [inner], {})
        pictures = onnx_format.value("x", onnx_format.UINT8, ["n", "h", "w", 3])
        results = [
            onnx_format.value(output, onnx_format.FLOAT, ["n", width])
            for output, (_, width) in outputs.items()
        ]
        return onnx_format.model(
            name,
            self.nodes,
            self.initializers,
            ([pictures], results),
            opset=_OPSET,
            ir_version=_IR_VERSION,
        )


class QuantizedGraph(Graph):
    """The same network with convolutions in integers; averages and dense layers stay in floats.

    Activations have 8 bits and weights 7, so that the results are the same on every processor
    (see `_WEIGHT_MAXIMUM`). Each convolution stands between operators that dequantize and quantize,
    which onnxruntime fuses into integer arithmetic. A ReLU6 needs no operator: the bytes represent
    only 0 to 6.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__(weights)
        self._steps: dict[str, float] = {}  # scale of each output
        self._normal: dict[str, tuple[Floats, Floats]] = {}  # mean, variance per channel of outputs

    def image_input(self) -> str:
        """Add the input: bytes with the scale 1 / 128 and the zero point 127."""
        scale = [self.constant(np.float32(1 / 128)), self.constant(np.uint8(127))]
        transposed = self.node("Transpose", ["x"], perm=[0, 3, 1, 2])
        output = self.node("DequantizeLinear", [transposed, *scale])
        self._steps[output] = 1 / 128
        return output

    def add(self, x: str, y: str) -> str:
        """Add the sum of a residual connection; its range is that of the sum of both."""
        (mean, variance), (mean_y, variance_y) = self._normal[x], self._normal[y]
        return self._within(super().add(x, y), mean + mean_y, variance + variance_y)

    def convolution(self, x: str, conv: str, norm: str, *, stride: int = 1, relu6: bool) -> str:
        """Add a convolution of integers; its weights have a scale per channel."""
        kernel, shift = self._folded(conv, norm)
        step = self._steps[x]
        steps = np.abs(kernel).max(axis=(1, 2, 3)) / _WEIGHT_MAXIMUM
        steps = np.maximum(steps, np.abs(shift) / step / 2**30)  # the bias must fit 32 bits
        rounded = np.round(kernel / np.maximum(steps, 1e-30)[:, None, None, None])
        whole = np.round(shift / np.maximum(steps * step, 1e-30))
        weights = [
            self._scaled(rounded.astype(np.int8), steps),
            self._scaled(whole.astype(np.int32), steps * step),
        ]
        output = self._convolved(x, weights, kernel, stride)
        if relu6:
            return self._quantized(output, 0, 6)
        mean = self.weights[f"{norm}.bias"].astype(np.float64)
        return self._within(output, mean, self.weights[f"{norm}.weight"].astype(np.float64) ** 2)

    def _scaled(self, values: NDArray[Any], steps: Floats) -> str:
        zeros = self.constant(np.zeros(len(steps), values.dtype))
        scale = self.constant(steps.astype(np.float32))
        return self.node("DequantizeLinear", [self.constant(values), scale, zeros], axis=0)

    def _within(self, x: str, mean: Floats, variance: Floats) -> str:
        reach = np.sqrt(variance) * _SPREADS
        output = self._quantized(x, float((mean - reach).min()), float((mean + reach).max()))
        self._normal[output] = (mean, variance)
        return output

    def _quantized(self, x: str, low: float, high: float) -> str:
        low, high = min(low, 0.0), max(high, 0.0)  # padding is represented exactly as zero
        step = (high - low) / 255
        scale = [self.constant(np.float32(step)), self.constant(np.uint8(round(-low / step)))]
        output = self.node("DequantizeLinear", [self.node("QuantizeLinear", [x, *scale]), *scale])
        self._steps[output] = step
        return output
