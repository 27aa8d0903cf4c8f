"""Reader of PyTorch state dicts without PyTorch and without executing their pickles.

Reads both file layouts (a ZIP, and the older sequence of pickles). Only the names that a state dict
consists of are allowed in the pickle.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}


class BadWeights(LibraryError):
    """The file is not a state dict of plain tensors."""


class _StorageType:
    """Type of the values in a storage; replaces `torch.FloatStorage` and similar classes."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype


class _Storage:
    """Flat array of values, set when its bytes have been read."""

    def __init__(self, dtype: np.dtype[Any], count: int) -> None:
        self.dtype = dtype
        self.count = count
        self.values: NDArray[Any] | None = None


class _Tensor:
    """View of a storage."""

    def __init__(
        self, storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
    ) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self) -> NDArray[Any]:
        values = self.storage.values
        if values is None or any(n < 0 for n in (self.offset, *self.size, *self.stride)):
            raise BadWeights("a tensor without values")
        last = self.offset + sum((n - 1) * s for n, s in zip(self.size, self.stride, strict=True))
        if 0 not in self.size and last >= len(values):
            raise BadWeights("a tensor larger than its values")
        strides = [step * values.itemsize for step in self.stride]
        view = np.lib.stride_tricks.as_strided(values[self.offset :], self.size, strides)
        return np.ascontiguousarray(view)


def _rebuild_tensor(
    storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, size, stride)


def _rebuild_parameter(tensor: _Tensor, *_: Any) -> _Tensor:
    return tensor


_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    **{("torch", name): _StorageType(dtype) for name, dtype in _STORAGES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Unpickler that allows only the names of a state dict."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (allowed := _NAMES.get((module, name))) is None:
            raise BadWeights(f"the file contains {module}.{name}, which no state dict needs")
        return allowed

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_type, key, _location, count, *_ = pid
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise BadWeights("the file refers to something that is not a storage")
        return self.storages.setdefault(str(key), _Storage(storage_type.dtype, int(count)))


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Return tensors by name. Raises BadWeights for other files, OSError for unreadable ones."""
    try:
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        return _read_sequence(path.read_bytes())
    except BadWeights:
        raise
    except (pickle.UnpicklingError, struct.error, zipfile.BadZipFile) as error:
        raise BadWeights(f"{path.name} is not a state dict: {error}") from error
    except (ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError) as error:
        raise BadWeights(f"{path.name} is not a state dict: {error!r}") from error


def _read_zip(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        (pickled,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        reader = _Unpickler(io.BytesIO(archive.read(pickled)))
        tensors = reader.load()
        folder = pickled.removesuffix("data.pkl")
        for key, storage in reader.storages.items():
            storage.values = _values(storage, archive.read(f"{folder}data/{key}"))
    return _arrays(tensors)


def _read_sequence(content: bytes) -> dict[str, NDArray[Any]]:
    file = io.BytesIO(content)
    load: Callable[[], Any] = lambda: _Unpickler(file).load()  # noqa: E731 - used four times
    if load() != _MAGIC or load() != _PROTOCOL:
        raise BadWeights("neither of PyTorch's two file layouts")
    load()  # sizes of the writer's integers
    reader = _Unpickler(file)
    tensors = reader.load()
    for key in load():
        storage = reader.storages[str(key)]
        (count,) = struct.unpack("<q", file.read(8))
        if count != storage.count:
            raise BadWeights("a storage of another length than announced")
        storage.values = _values(storage, file.read(count * storage.dtype.itemsize))
    return _arrays(tensors)


def _values(storage: _Storage, raw: bytes) -> NDArray[Any]:
    if len(raw) != storage.count * storage.dtype.itemsize:
        raise BadWeights("a storage is cut off")
    return np.frombuffer(raw, dtype=storage.dtype)


def _arrays(tensors: Any) -> dict[str, NDArray[Any]]:
    if not isinstance(tensors, dict) or not tensors:
        raise BadWeights("no dictionary of tensors")
    named: Mapping[str, Any] = tensors
    return {
        str(name): tensor.array() for name, tensor in named.items() if isinstance(tensor, _Tensor)
    }
