"""Memory that a worker shares with the library: the pixels that it returns are not sent.

The worker cannot shrink it, which would crash the library. Without seals, which only Linux has, and
where a limit on files forbids it, the bytes are sent through the connection (`messages`).
"""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZE: Final = 2 * 1024**2  # bytes: a picture of 512 pixels


@contextlib.contextmanager
def opened() -> Iterator[tuple[mmap.mmap | None, list[int]]]:
    """Yield memory for the bytes that a worker returns, and its descriptor for the worker."""
    with contextlib.ExitStack() as stack:
        shared = None
        descriptors: list[int] = []
        if hasattr(os, "memfd_create"):
            with contextlib.suppress(OSError):
                descriptor = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
                stack.callback(os.close, descriptor)
                shared = _sealed(descriptor)
                descriptors = [descriptor]
        yield shared, descriptors


def of(descriptors: list[int]) -> mmap.mmap | None:
    """Return the memory of the descriptor that a worker was given, and close that."""
    if not descriptors:
        return None
    shared = mmap.mmap(descriptors[0], 0)
    os.close(descriptors[0])
    return shared


def _sealed(descriptor: int) -> mmap.mmap:
    """Return the memory of a file in memory whose size stays. Raises OSError."""
    import fcntl

    os.ftruncate(descriptor, _SIZE)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return mmap.mmap(descriptor, _SIZE)
