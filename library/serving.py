"""The library as a server of its own: granian on the loopback address.

Knows the process and its environment; the API is `create_library`'s.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.homes import KeyPair, key_pair

if TYPE_CHECKING:
    from flask import Flask

_HOME: Final = "AKIN_LIBRARY_HOME"  # how the worker process learns which library it serves
_ADDRESS: Final = "127.0.0.1"
_WORKERS: Final = 1  # one copy of the vectors in memory
_THREADS: Final = 8


def environment_key_pair() -> KeyPair | None:
    """The key pair of the environment, when both of its halves are set."""
    key = os.environ.get("SCENARIO_SDK_API_KEY")
    secret = os.environ.get("SCENARIO_SDK_API_SECRET")
    return KeyPair(key, secret) if key and secret else None


def application() -> Flask:
    """The application of the library in $AKIN_LIBRARY_HOME; what the worker process loads."""
    from library import create_library

    return create_library(Path(os.environ[_HOME]), key_pair=environment_key_pair())


def serve(home: Path, port: int) -> None:
    """Serve until interrupted; prints the address and where the key pair comes from."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    found = environment_key_pair()
    print(f"library at http://{_ADDRESS}:{port}/v1", flush=True)
    if found is not None:
        print("key pair: SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET", flush=True)
    else:
        kept = key_pair(home)
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
        log_access=False,
        log_level=LogLevels.warning,
    ).serve()
