"""The library as a server of its own: granian on the loopback address.

Knows the process and its environment; the API is `create_library`'s.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.errors import LibraryError
from library.homes import KeyPair, key_pair, signing_secret

if TYPE_CHECKING:
    from flask import Flask

_HOME: Final = "AKIN_LIBRARY_HOME"  # how the worker process learns which library it serves
_ADDRESS: Final = "127.0.0.1"
_WORKERS: Final = 1  # one copy of the vectors in memory
_THREADS: Final = 8
_KILL_SECONDS: Final = 2  # a worker that is opening the library does not hear that it is to stop


class PortTaken(LibraryError):
    """The port is another program's, or none that there is."""


def environment_key_pair() -> KeyPair | None:
    """The key pair of the environment, when both of its halves are set."""
    key = os.environ.get("SCENARIO_SDK_API_KEY")
    secret = os.environ.get("SCENARIO_SDK_API_SECRET")
    return KeyPair(key, secret) if key and secret else None


def application() -> Flask:
    """The application of the library in $AKIN_LIBRARY_HOME; what the worker process loads."""
    from library import create_library

    return create_library(Path(os.environ[_HOME]), key_pair=environment_key_pair())


def _be_free(port: int) -> None:
    """Raise PortTaken when another program listens there: granian would share the port with it."""
    if not 0 < port < 2**16:
        raise PortTaken(f"--port must be a number from 1 to {2**16 - 1}, not {port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, port))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on {_ADDRESS}:{port}: {error.strerror}; choose another --port"
            ) from error


def serve(home: Path, port: int) -> None:
    """Serve until interrupted; prints the address and where the key pair comes from.

    Raises PortTaken, and OSError where the home's keys can be neither read nor made.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    found = environment_key_pair()
    kept = key_pair(home) if found is None else None
    signing_secret(home)  # here, not in the worker: a home that cannot be written is said in a line
    _be_free(port)
    print(f"library at http://{_ADDRESS}:{port}/v1", flush=True)
    if kept is None:
        print("key pair: SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET", flush=True)
    else:
        print(f"key pair, kept in {home / 'key.json'}:", flush=True)
        print(f"  SCENARIO_SDK_API_KEY={kept.key}", flush=True)
        print(f"  SCENARIO_SDK_API_SECRET={kept.secret}", flush=True)
    os.environ[_HOME] = str(home.resolve())
    Server(
        "library.serving:application",
        factory=True,
        address=_ADDRESS,
        port=port,
        interface=Interfaces.WSGI,
        workers=_WORKERS,
        blocking_threads=_THREADS,
        workers_kill_timeout=_KILL_SECONDS,
        log_access=False,
        log_level=LogLevels.error,
    ).serve()
