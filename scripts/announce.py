"""Prints Akin's address once it answers there: what `make run` starts beside the server.

    python scripts/announce.py PORT PID

Needs nothing but Python. Ends with the server, which is the process PID that started it.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException

PAUSE = 0.05  # seconds


def answers(address: str) -> bool:
    """Tell whether Akin answers at an address."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever one would say
    try:
        with direct.open(f"{address}/healthz", timeout=60) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return True  # it says so itself what is wrong
    except (OSError, HTTPException):
        return False


def main(port: str, server: str) -> None:
    """Wait for the server, or for its end, which may have come before this began."""
    address = f"http://127.0.0.1:{port}"
    while os.getppid() == int(server):
        if answers(address):
            print(f"Akin is at {address} (Ctrl-C stops it)", flush=True)
            return
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(*sys.argv[1:])
