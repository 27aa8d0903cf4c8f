"""Serialized ONNX networks: the messages of onnx.proto that `onnx_graph` needs, as protobuf.

The package `onnx` writes the same bytes with 30 MB of compiled code; the tests read these with it
and check them. Field numbers are those of onnx.proto, which never change:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

FLOAT: Final = 1  # TensorProto.DataType
UINT8: Final = 2
_TYPES: Final = {"float32": FLOAT, "uint8": UINT8, "int8": 3, "int32": 6, "int64": 7}
_INT, _STRING, _INTS = 2, 3, 7  # AttributeProto.AttributeType


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """Return a TensorProto. Raises KeyError for a type of numbers that no network here has."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return (
        b"".join(_field(1, size) for size in values.shape)
        + _field(2, _TYPES[values.dtype.name])
        + _field(8, name)
        + _field(9, little.tobytes())
    )


def node(operator: str, inputs: Sequence[str], output: str, attributes: Mapping[str, Any]) -> bytes:
    """Return a NodeProto. Attributes are whole numbers, lists of these, or texts."""
    parts = [_field(1, name) for name in inputs]
    parts += [_field(2, output), _field(4, operator)]
    parts += [_field(5, _attribute(*item)) for item in attributes.items()]
    return b"".join(parts)


def _attribute(name: str, value: int | str | list[int]) -> bytes:
    if isinstance(value, str):
        return _field(1, name) + _field(4, value) + _field(20, _STRING)
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, _INT)
    return _field(1, name) + b"".join(_field(8, each) for each in value) + _field(20, _INTS)


def value(name: str, data_type: int, shape: Sequence[int | str]) -> bytes:
    """Return a ValueInfoProto; a size of the shape is a number or the name of an unknown."""
    sizes = [_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape]
    typed = _field(1, data_type) + _field(2, b"".join(sizes))
    return _field(1, name) + _field(2, _field(1, typed))


def model(
    name: str,
    nodes: Iterable[bytes],
    initializers: Iterable[bytes],
    values: tuple[Sequence[bytes], Sequence[bytes]],
    *,
    opset: int,
    ir_version: int,
) -> bytes:
    """Return a ModelProto of one graph; `values` are its inputs and its outputs."""
    inputs, outputs = values
    graph = [_field(1, each) for each in nodes]
    graph.append(_field(2, name))
    graph += [_field(5, each) for each in initializers]
    graph += [_field(11, each) for each in inputs]
    graph += [_field(12, each) for each in outputs]
    imported = _field(1, "") + _field(2, opset)
    return _field(1, ir_version) + _field(7, b"".join(graph)) + _field(8, imported)


def _field(number: int, content: int | str | bytes) -> bytes:
    """Return a field of a protobuf message: a varint, or bytes after their length."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    raw = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _varint(number: int) -> bytes:
    """Return a number, not negative, in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
