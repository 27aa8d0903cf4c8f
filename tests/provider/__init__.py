"""npm's certified `oidc-provider` on a port of 127.0.0.1, installed beside this file.

    provider = Provider()                    # from now on provider.issuer is known
    with provider.serving("http://127.0.0.1:8000"):
        ...

`install` installs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
CLIENT_ID = "akin"
CLIENT_SECRET = "secret-of-akin-at-the-provider"


def missing() -> str | None:
    """Return why no provider can run here; None where one can."""
    lacking = [name for name in ("node", "npm") if shutil.which(name) is None]
    names = " and no ".join(lacking)
    return f"no {names}; on Debian: apt-get install nodejs npm" if lacking else None


def install() -> None:
    """Install the packages of package-lock.json once, for all processes. Raises SubprocessError."""
    installed = FOLDER / "node_modules" / ".package-lock.json"  # npm writes it last
    with FileLock(FOLDER / "node_modules.lock"):
        if not installed.exists():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            subprocess.run(command, cwd=FOLDER, check=True, timeout=300)


def available() -> Provider:
    """Return a provider with its packages; skip the test without node, unless CI has it."""
    if reason := missing():
        pytest.skip(reason)
    try:
        install()
    except subprocess.SubprocessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"oidc-provider cannot be installed: {error}")
    return Provider()


class Provider:
    """The provider: its URL, and its process while it serves."""

    def __init__(self) -> None:
        """Choose a port."""
        self._port = free_port()
        self.issuer = f"http://127.0.0.1:{self._port}"

    @contextmanager
    def serving(self, site: str) -> Iterator[None]:
        """Run for the Akin at `site`. Raises RuntimeError where it does not start."""
        paths = ("/sign-in/returned", "/signed-out", "/sign-out/provider")
        back = [f"{site}{path}" for path in paths]
        process = subprocess.Popen(
            ["node", "provider.mjs", str(self._port), *back],
            cwd=FOLDER,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(self._answers, process)
            yield
        finally:
            end(process)

    def _answers(self) -> bool:
        url = f"{self.issuer}/.well-known/openid-configuration"
        try:
            with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - http only
                return True
        except OSError:
            return False
