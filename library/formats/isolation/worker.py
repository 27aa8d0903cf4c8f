"""The processes that read foreign bytes.

The first process, the fork server, is started by `worker_pool` and never sees foreign bytes: it
imports the decoders once and forks workers, which costs milliseconds. A worker confines itself
(`sandbox`) and then runs one task after another: a function of the library, named by the pool,
with the descriptors and arguments that the pool sends. What it returns is JSON and plain bytes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from library.errors import LibraryError
from library.formats.isolation import messages, sandbox, shared_memory

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

_KEPT_BYTES = 512 * 1024**2  # a worker that has ever used more is replaced


class Files:
    """The files of a task: those it was given, and others that the pool may open for it."""

    def __init__(
        self, connection: socket.socket, given: list[int], blob: bytes | bytearray
    ) -> None:
        self._connection = connection
        self.blob = blob
        self.given: list[BinaryIO] = [os.fdopen(descriptor, "rb") for descriptor in given]
        for file in self.given:
            file.seek(0)  # the position is shared with the process that opened it

    def open(self, name: str) -> BinaryIO:
        """Return a file beside the first one. Raises OSError when the pool refuses it."""
        messages.send(self._connection, {"open": name})
        content, _, descriptors = messages.receive(self._connection, descriptors=True)
        if not descriptors:
            raise OSError(str(content.get("error")))
        file = os.fdopen(descriptors[0], "rb")
        self.given.append(file)
        return file

    def close(self) -> None:
        """Close all of them."""
        for file in self.given:
            file.close()


class LocalFiles:
    """The files of a task that runs in the process of the pool."""

    def __init__(
        self, given: Sequence[BinaryIO], blob: bytes, opener: Callable[[str], BinaryIO] | None
    ) -> None:
        self.given, self.blob, self._opener = list(given), bytearray(blob), opener
        for file in self.given:
            file.seek(0)

    def open(self, name: str) -> BinaryIO:
        """Return a file beside the first one. Raises OSError."""
        if self._opener is None:
            raise OSError("no other file may be opened")
        return self._opener(name)


def main() -> None:
    """Run the fork server until the pool closes its connection, standard input."""
    control = socket.socket(fileno=os.dup(0))
    _silence()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's to handle
    children: set[int] = set()
    with contextlib.suppress(EOFError, OSError):
        while True:
            request, _, descriptors = messages.receive(control, descriptors=True)
            if "end" in request:
                reply = {"status": _end(children, int(request["end"]))}
            else:
                child = _fork(control, descriptors, request)
                children.add(child)
                for descriptor in descriptors:
                    os.close(descriptor)
                reply = {"pid": child}
            messages.send(control, reply)
    for child in children:
        os.waitpid(child, 0)


def _silence() -> None:
    """Readers print what they think of a file; it is reported in other ways."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.close(null)


def _end(children: set[int], child: int) -> int:
    """Kill a worker and return how it ended: negative, the number of a signal."""
    children.discard(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _fork(control: socket.socket, descriptors: list[int], request: dict[str, Any]) -> int:
    for module in request["preload"]:
        importlib.import_module(module)
    gc.freeze()  # the pages that hold what was imported stay shared
    child = os.fork()
    if not child:
        control.close()
        connection, *memory = descriptors
        _work(socket.socket(fileno=connection), int(request["memory"]), shared_memory.of(memory))
    return child


def _work(connection: socket.socket, memory: int, shared: mmap.mmap | None) -> NoReturn:
    """Run tasks until the pool closes the connection, then end without any clean-up."""
    os.environ.clear()
    with contextlib.suppress(EOFError, OSError):
        messages.send(connection, {"held": sandbox.confine(memory)})
        while True:
            task, blob, descriptors = messages.receive(connection, descriptors=True)
            reply, result = _run(Files(connection, descriptors, blob), task)
            reply = {"tired": _memory() > _KEPT_BYTES, **reply}
            try:
                messages.send(connection, reply, result, shared=shared)
            except (TypeError, ValueError):
                messages.send(connection, {"error": "is broken: its metadata is no JSON"})
    os._exit(0)


def _run(files: Files, task: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    sandbox.limit_time(int(task["seconds"]))
    module, _, name = task["function"].partition(":")
    try:
        return run(getattr(importlib.import_module(module), name), files, task["arguments"])
    finally:
        files.close()


def run(
    function: Callable[..., tuple[dict[str, Any], bytes]],
    files: Files | LocalFiles,
    arguments: dict[str, Any],
) -> tuple[dict[str, Any], bytes]:
    """Return the reply to a task: what its function returns, or why it fails; and its bytes."""
    try:
        returned, result = function(files, **arguments)
    except LibraryError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": "needs too much memory to be read", "tired": True}, b""
    except Exception as error:  # noqa: BLE001 - many readers, each with errors of its own
        return {"error": f"is broken: {type(error).__name__}"}, b""
    else:
        return {"returned": returned}, result


def _memory() -> int:
    """Return the most memory that this process has used, in bytes."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
