"""Print Akin's address as soon as it responds: `python -m scripts.announce PORT PID`.

`run.py` starts it beside the server, the process PID. It ends with the server. It needs only the
standard library.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.05  # seconds


def responds(address: str) -> bool:
    """Return whether Akin responds at an address."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # ignores proxy settings
    try:
        with direct.open(f"{address}/healthz", timeout=60) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return True  # its error page explains the problem
    except (OSError, HTTPException):
        return False


def wait(address: str, is_running: Callable[[], bool]) -> None:
    """Print the address once the server responds; return then, or when the server has ended."""
    while is_running():
        if responds(address):
            print(f"Akin is at {address} (Ctrl-C stops it)", flush=True)
            return
        time.sleep(PAUSE)


def main(port: str, server: str) -> None:
    """Wait for the server, the parent process, which may have ended before this began."""
    wait(f"http://127.0.0.1:{port}", lambda: os.getppid() == int(server))


if __name__ == "__main__":
    main(*sys.argv[1:])
