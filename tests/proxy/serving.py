"""Akin as `python -m app serve` starts it, in front of a simulated API."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import Upstream
from tests.proxy.nginx import NAME
from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
SITE = f"https://{NAME}"
SAME_ORIGIN = {"Origin": SITE, "Sec-Fetch-Site": "same-origin"}


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[int]:
    """Run `python -m app serve` with a simulated API; yield its port."""
    port = free_port()
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    with Upstream(count=60) as api, (data / "akin.log").open("wb") as log:
        environment = {
            **inherited,
            "OMP_NUM_THREADS": "1",
            "SCENARIO_SDK_API_KEY": "key-of-the-tests",
            "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
            "SCENARIO_BASE_URL": api.url,
            "AKIN_MEDIA_ORIGINS": api.origin,
            "AKIN_HOSTS": NAME,
            "AKIN_PROXIES": "127.0.0.1",
            "AKIN_DATA": str(data),
            "AKIN_WORKERS": "1",
            "PORT": str(port),
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            until(lambda: is_there(port), process, (data / "akin.log").read_text)
            yield port
        finally:
            end(process)


def is_there(port: int) -> bool:
    """Return whether the server responds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20):
            return True
    except OSError:
        return False
