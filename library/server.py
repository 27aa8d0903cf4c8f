"""Server of the library alone, on the loopback address."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.errors import LibraryError
from library.home import KeyPair
from library.store.opening import open_store

if TYPE_CHECKING:
    from flask import Flask

_HOME: Final = "AKIN_LIBRARY_HOME"  # tells the worker process which library it serves
_ADDRESS: Final = "127.0.0.1"
_KILL_SECONDS: Final = 2  # until a worker that does not stop is killed


class PortTaken(LibraryError):
    """The port is in use, or not a port number."""


class BadMode(LibraryError):
    """AKIN_WRITE or AKIN_SIDECARS has no valid value."""


def environment_key_pair() -> KeyPair | None:
    """Return the key pair of the environment, None unless both parts are set."""
    key = os.environ.get("SCENARIO_SDK_API_KEY")
    secret = os.environ.get("SCENARIO_SDK_API_SECRET")
    return KeyPair(key, secret) if key and secret else None


def application() -> Flask:
    """Return the application of the library in $AKIN_LIBRARY_HOME; runs in the worker process."""
    from library import create_library

    home = Path(os.environ[_HOME])
    return create_library(
        home, key_pair=environment_key_pair(), write=write_mode(), sidecars=sidecar_mode()
    )


def write_mode() -> str:
    """Return AKIN_WRITE, by default all: only this machine reaches the server."""
    from library.api.writing import ALL, MODES

    mode = os.environ.get("AKIN_WRITE", "").strip() or ALL
    if mode not in MODES:
        raise BadMode(f"AKIN_WRITE must be one of {', '.join(MODES)}, not {mode[:40]!r}")
    return mode


def sidecar_mode() -> str:
    """Return AKIN_SIDECARS, by default off."""
    mode = os.environ.get("AKIN_SIDECARS", "").strip() or "off"
    if mode not in {"off", "xmp"}:
        raise BadMode(f"AKIN_SIDECARS must be off or xmp, not {mode[:40]!r}")
    return mode


def _check_port(port: int) -> None:
    """Raise PortTaken where another program listens: granian would share the port with it."""
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
    """Serve until a signal stops it; prints the address and the source of the key pair.

    Raises PortTaken, and OSError where the home's keys can be neither read nor written.
    """
    from scripts.server import serve as serve_application

    write_mode()
    sidecar_mode()
    with closing(open_store(home, create=False)) as store:
        stored = store.key_pair() if environment_key_pair() is None else None
        store.signing_secret()  # raises here, not in the worker, where it cannot be written
    _check_port(port)
    print(f"library at http://{_ADDRESS}:{port}/v1", flush=True)
    if stored is None:
        print("key pair: SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET", flush=True)
    else:
        file = home / "key.json"
        print(f"key pair, stored in {file if file.exists() else 'the database'}:", flush=True)
        print(f"  SCENARIO_SDK_API_KEY={stored.key}", flush=True)
        print(f"  SCENARIO_SDK_API_SECRET={stored.secret}", flush=True)
    os.environ[_HOME] = str(home.resolve())
    serve_application(
        "library.server:application",
        factory=True,
        host=_ADDRESS,
        port=port,
        kill_seconds=_KILL_SECONDS,
    )
