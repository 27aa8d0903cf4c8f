"""A pool of confined worker processes for everything that reads foreign bytes.

A task is a function of the library that is run in a worker on descriptors that were opened here.
A task that crashes, takes too long, or needs too much memory or output costs itself alone: its
worker is replaced, and `Failed` says what happened in words that fit behind the file's name.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from library.errors import Busy, LibraryError
from library.formats.isolation import messages, sandbox, shared_memory, worker

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Sequence
    from typing import BinaryIO, Self

# Windows has neither; tasks run in this process there, without limits.
ISOLATED: Final = hasattr(os, "fork") and hasattr(socket, "send_fds")
MEMORY: Final = 4 * 1024**3  # bytes of address space; a picture of 100 million pixels fits
SECONDS: Final = 60  # of processor time
_WAIT: Final = 600  # of clock, on a busy machine
PATIENCE: Final = 10.0  # seconds that a request waits for a worker
WAITERS: Final = 4  # requests that wait at once: with two workers, six of a server's eight threads
_OPENED: Final = 32  # files that one task may have opened beside its own
_START: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from library.formats.isolation.worker import main; main()"
)
# One thread a worker: the pool has as many workers as there are processors.
# The allocator keeps the memory of a picture for the next one: returning it to the system and
# getting it again costs a page fault for every 4 kB.
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(64 * 1024**2),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024**2),
}


class Failed(LibraryError):
    """The bytes cannot be read; the text says why and fits behind the name of their file."""


class WorkersMissing(LibraryError):
    """The worker processes do not start."""


class _Ended(Exception):
    """The worker is gone; `status` is negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class _Worker:
    process: int
    connection: socket.socket
    held: tuple[str, ...]
    shared: mmap.mmap | None
    used: bool = False


class WorkerPool:
    """Up to `size` workers, started when they are needed. Thread-safe.

    `preload` names the modules that are imported once, before the workers are forked.
    """

    def __init__(
        self,
        size: int,
        preload: Sequence[str],
        *,
        memory: int = MEMORY,
        wait: float = _WAIT,
        isolated: bool = ISOLATED,
    ) -> None:
        self._size, self._preload, self._memory = size, list(preload), memory
        self._wait, self._isolated = wait, isolated
        self._reset()
        _POOLS.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._waiters = threading.Semaphore(WAITERS)
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(self._size):
            self._idle.put(None)  # a place for a worker that is not started yet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self,
        function: Callable[..., tuple[dict[str, Any], bytes]],
        files: Sequence[BinaryIO] = (),
        *,
        blob: bytes = b"",
        seconds: int = SECONDS,
        limit: int = messages.MAX_BYTES,
        open_beside: Callable[[str], BinaryIO] | None = None,
        patience: float | None = None,
        **arguments: Any,
    ) -> tuple[dict[str, Any], bytes | bytearray]:
        """Run `function(files, **arguments)` in a worker; return its object and its bytes.

        `function` is defined at the top of a module; `arguments` are JSON. `open_beside` opens a
        file for the task by name, or raises OSError. `patience` limits the seconds of waiting for
        a worker, and with it the callers that wait. Raises Failed, and Busy beyond these limits.
        """
        task = {
            "function": f"{function.__module__}:{function.__qualname__}",
            "arguments": arguments,
            "seconds": seconds,
        }
        if not self._isolated:
            local = worker.LocalFiles(files, blob, open_beside)
            return _returned(*worker.run(function, local, arguments))
        idle = self._idle.get() if patience is None else self._idle_within(patience)
        try:
            for _ in range(2):
                idle = idle or self._started()
                fresh, idle.used = not idle.used, True
                try:
                    self._send(idle, task, blob, files)
                    reply, result = self._reply(idle, limit, open_beside)
                except _Ended as ended:
                    idle = None
                    if not fresh and ended.status != _TIME_IS_UP:
                        continue  # an earlier file may be the reason
                    raise Failed(_reason(ended.status)) from None
                except BaseException:  # Ctrl-C, for example: the worker is in the middle of a task
                    self._end(idle)
                    idle = None
                    raise
                if reply.get("tired"):
                    self._end(idle)
                    idle = None
                return _returned(reply, result)
            raise AssertionError("a fresh worker is tried once")
        finally:
            self._idle.put(idle)

    def _idle_within(self, seconds: float) -> _Worker | None:
        """Return an idle worker or the place of one. Raises Busy."""
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        if self._waiters.acquire(blocking=False):
            try:
                return self._idle.get(timeout=seconds)
            except queue.Empty:
                pass
            finally:
                self._waiters.release()
        raise Busy("The library is converting other images; try again in a minute")

    def held(self) -> tuple[str, ...]:
        """Return those of `sandbox.PROTECTIONS` that hold for the workers on this machine."""
        if not self._isolated:
            return ()
        idle = self._idle.get()
        try:
            idle = idle or self._started()
            return idle.held
        finally:
            self._idle.put(idle)

    def close(self) -> None:
        """End all workers that are idle, and the server. The pool may be used again."""
        with self._lock:
            places = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
            for worker in places:
                if worker is not None:
                    worker.connection.close()
                self._idle.put(None)
            self._stop_server()

    def _stop_server(self) -> None:
        server, control = self._server, self._control
        self._server = self._control = None
        if control is not None:
            control.close()
        if server is not None:
            atexit.unregister(self.close)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
                return
            server.kill()
            server.wait()

    def _started(self) -> _Worker:
        """Return a new worker. Raises WorkersMissing."""
        ours, theirs = socket.socketpair()
        try:
            with shared_memory.opened() as (shared, descriptors):
                with self._lock:
                    request = {"preload": self._preload, "memory": self._memory}
                    reply = self._request(request, [theirs.fileno(), *descriptors])
                hello, _, _ = messages.receive(ours, time.monotonic() + _WAIT)
            ours.settimeout(None)
            return _Worker(int(reply["pid"]), ours, tuple(map(str, hello["held"])), shared)
        except (OSError, EOFError, KeyError, ValueError, TypeError) as error:
            ours.close()
            raise WorkersMissing(
                "the processes that read files do not start; "
                "`python -c 'import library.formats.isolation.worker'` shows why"
            ) from error
        finally:
            theirs.close()

    def _request(self, request: dict[str, Any], descriptors: Sequence[int]) -> dict[str, Any]:
        """Return the server's reply; hold the lock."""
        if self._control is None:
            self._control, theirs = socket.socketpair()
            paths = [str(Path(path).absolute()) for path in sys.path]
            self._server = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-I", "-c", _START, *paths],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
            theirs.close()
            atexit.register(self.close)
        messages.send(self._control, request, descriptors=descriptors)
        return messages.receive(self._control, time.monotonic() + _WAIT)[0]

    def _send(
        self, worker: _Worker, task: dict[str, Any], blob: bytes, files: Sequence[BinaryIO]
    ) -> None:
        worker.connection.settimeout(self._wait)
        try:
            messages.send(worker.connection, task, blob, [file.fileno() for file in files])
        except OSError as error:
            raise _Ended(self._end(worker)) from error

    def _reply(
        self, worker: _Worker, limit: int, open_beside: Callable[[str], BinaryIO] | None
    ) -> tuple[dict[str, Any], bytes | bytearray]:
        deadline = time.monotonic() + self._wait
        try:
            for count in itertools.count():
                reply, result, _ = messages.receive(
                    worker.connection, deadline, limit=limit, shared=worker.shared
                )
                if "open" not in reply:
                    break
                allowed = open_beside if count < _OPENED else None
                self._open(worker, str(reply["open"]), allowed)
        except TimeoutError:
            self._end(worker)
            raise _Ended(_TIME_IS_UP) from None
        except (OSError, EOFError, ValueError, TypeError, RecursionError) as error:
            raise _Ended(self._end(worker)) from error
        return reply, result

    @staticmethod
    def _open(worker: _Worker, name: str, open_beside: Callable[[str], BinaryIO] | None) -> None:
        """Answer a task's request for another file."""
        try:
            if open_beside is None:
                raise OSError("no other file may be opened")  # noqa: TRY301 - one reply
            with open_beside(name) as file:
                messages.send(worker.connection, {}, descriptors=[file.fileno()])
        except OSError as error:
            messages.send(worker.connection, {"error": str(error)})

    def _end(self, worker: _Worker) -> int:
        """End a worker; return how it ended: negative, the number of a signal."""
        worker.connection.close()
        with self._lock:
            try:
                return int(self._request({"end": worker.process}, [])["status"])
            except (OSError, EOFError, KeyError, ValueError, TypeError):
                self._stop_server()  # the next worker starts another one
                return -signal.SIGKILL


def protections() -> dict[str, bool]:
    """Return which of `sandbox.PROTECTIONS` hold on this machine, as a new worker reports them."""
    with WorkerPool(1, []) as pool:
        held = pool.held()
    return {name: name in held for name in sandbox.PROTECTIONS}


def _returned(
    reply: dict[str, Any], result: bytes | bytearray
) -> tuple[dict[str, Any], bytes | bytearray]:
    """Return what a task has returned. Raises Failed."""
    if "error" in reply:
        raise Failed(_line(reply["error"]))
    returned = reply.get("returned")
    if not isinstance(returned, dict):
        raise Failed("is broken: its reader returned nothing")
    return returned, result


_TIME_IS_UP: Final = -int(getattr(signal, "SIGXCPU", 24))  # as the status of a process


_POOLS: Final[weakref.WeakSet[WorkerPool]] = weakref.WeakSet()


def _after_fork() -> None:
    """The workers belong to the parent process."""
    for pool in list(_POOLS):
        pool._reset()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _reason(status: int) -> str:
    if status == _TIME_IS_UP:
        return "takes too long to be read"
    with contextlib.suppress(ValueError):
        return f"crashes its reader ({signal.Signals(-status).name})"
    return "crashes its reader"


def _line(text: object) -> str:
    return " ".join(str(text).split())[:300]
