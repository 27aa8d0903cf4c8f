"""Redis as a process for tests and benches, and configurations for nginx.

Both listen on free ports of 127.0.0.1 and store everything in one folder.
"""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Self

import redis

from tests.support.ports import free_port
from tests.support.processes import until

ROOT = Path(__file__).parents[2]

# Configuration around the lines of docs/deploy.md. Paths are relative to the folder of `nginx -p`,
# whose name may contain spaces.
NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{lines}
}}
"""


def recommended(beginning: str) -> str:
    """Return the block of docs/deploy.md that begins with a line."""
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    lines = text[text.index(f"    {beginning}") :].splitlines()
    block = itertools.takewhile(lambda line: line.startswith("    ") or not line, lines)
    return "\n".join(line.removeprefix("    ") for line in block).strip()


class Redis:
    """Context manager that runs redis-server, which may be stopped and started meanwhile."""

    def __init__(self, folder: Path, *options: str, address: str = "127.0.0.1") -> None:
        """Store nothing on disk but a log in `folder`."""
        self.address = address
        self.port = free_port(address)
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its URL for AKIN_CACHE_URL."""
        return f"redis://{self.address}:{self.port}/0"

    @property
    def patient_url(self) -> str:
        """Return its URL with time-outs that a busy machine does not reach."""
        return f"{self.url}?socket_timeout=60&socket_connect_timeout=60"

    def client(self) -> redis.Redis:
        """Return a new connection."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start it and wait until it responds. Raises RuntimeError where it exits."""
        log = self._folder / "redis.log"
        command = ["redis-server", "--port", str(self.port), "--bind", self.address, "--save", ""]
        command += ["--protected-mode", "no"]
        command += ["--dir", str(self._folder), "--logfile", str(log), *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until(self._responds, self._process, lambda: log.read_text() if log.exists() else "")

    def _responds(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def stop(self) -> None:
        """Stop it and wait until it has exited."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()
