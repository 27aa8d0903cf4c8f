"""Programs that tests and benches start and stop by their process: Redis, and what nginx reads.

Knows how each is told to listen on a free port of 127.0.0.1 and to keep everything in a folder.
"""

from __future__ import annotations

import itertools
import subprocess
import time
from pathlib import Path
from typing import Self

import redis

from tests.ports import free_port

ROOT = Path(__file__).parents[2]

# What stands around the lines of docs/deploy.md; paths are below the folder that `nginx -p` names,
# whose own name may have spaces.
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
    """The lines of the block in docs/deploy.md that begins so."""
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    lines = text[text.index(f"    {beginning}") :].splitlines()
    block = itertools.takewhile(lambda line: line.startswith("    ") or not line, lines)
    return "\n".join(line.removeprefix("    ") for line in block).strip()


class Redis:
    """A redis-server while it is entered; it may be stopped and started meanwhile."""

    def __init__(self, folder: Path, *options: str, address: str = "127.0.0.1") -> None:
        """Keep nothing on disk but its log, in `folder`."""
        self.address = address
        self.port = free_port(address)
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What AKIN_CACHE_URL is set to."""
        return f"redis://{self.address}:{self.port}/0"

    def client(self) -> redis.Redis:
        """A connection of its own."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start, and wait until it answers. Raises RuntimeError where it ends instead."""
        log = self._folder / "redis.log"
        command = ["redis-server", "--port", str(self.port), "--bind", self.address, "--save", ""]
        command += ["--protected-mode", "no"]
        command += ["--dir", str(self._folder), "--logfile", str(log), *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while not self._answers():
            if self._process.poll() is not None:
                said = log.read_text() if log.exists() else ""
                msg = f"redis-server did not start:\n{said}"
                raise RuntimeError(msg)
            time.sleep(0.02)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def stop(self) -> None:
        """Stop, and wait for the end."""
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
