"""An S3 server for tests: moto in a process of its own, on a free port of 127.0.0.1.

Fixtures, imported by tests/conftest.py: `s3_server`, one for a test process, and `s3`, the same
with nothing but an empty bucket, for one test.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest
import requests

from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUCKET: Final = "studio"
PAGE: Final = 5  # objects of a listing, for which S3 has 1,000
_SIGNED: Final = {"Authorization": "AWS test:test"}  # moto looks for one, and does not check it
_REQUEST: Final = re.compile(r'"(?:\x1b\[\d+m)*([A-Z]+ \S+) HTTP/')  # of the log, some in colours
_START: Final = "from moto.server import main; main()"


class S3Server:
    """Context manager that runs a server, which may be stopped and started meanwhile."""

    def __init__(self) -> None:
        self.port = free_port()
        self.log = Path(tempfile.mkdtemp(prefix="akin-s3-")) / "server.log"
        self._process: subprocess.Popen[Any] | None = None

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which botocore finds the server."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
        }

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Store objects by their keys."""
        for key, content in objects.items():
            requests.put(
                f"{self.url}/{BUCKET}/{key}", content, headers=_SIGNED, timeout=60
            ).raise_for_status()

    def delete(self, key: str) -> None:
        """Delete an object."""
        requests.delete(
            f"{self.url}/{BUCKET}/{key}", headers=_SIGNED, timeout=60
        ).raise_for_status()

    def requests(self) -> list[str]:
        """Return the requests so far, such as `GET /studio/art/a.png`, and forget them."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        self.log.write_text("", "utf-8")
        found = [_REQUEST.search(line) for line in lines]
        return [match[1] for match in found if match]

    def start(self) -> None:
        """Start it and wait until it responds."""
        command = [sys.executable, "-c", _START, "-H", "127.0.0.1", "-p", str(self.port)]
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)},
            )
        until(self._responds, self._process, self.log.read_text)

    def _responds(self) -> bool:
        try:
            return requests.get(f"{self.url}/moto-api/", timeout=60).ok
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        """Stop it; what it has stored is gone."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def empty(self) -> None:
        """Remove everything, and make an empty bucket."""
        requests.post(f"{self.url}/moto-api/reset", timeout=60).raise_for_status()
        requests.put(f"{self.url}/{BUCKET}", timeout=60).raise_for_status()
        self.requests()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A server, for all tests of a process."""
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A server with the empty bucket `studio`, which the environment names."""
    s3_server.empty()
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server
