"""npm's certified `oidc-provider` on a port of 127.0.0.1, installed beside this file.

    provider = Provider()                    # provider.issuer is known from now on
    with provider.serving("http://127.0.0.1:8000"):
        ...

Nothing is installed before `install` is called.
"""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from tests.ports import free_port
from tests.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
CLIENT_ID = "akin"
CLIENT_SECRET = "secret-of-akin-at-the-provider"


def missing() -> str | None:
    """Why there can be no provider here; None where there can."""
    lacking = [name for name in ("node", "npm") if shutil.which(name) is None]
    names = " and no ".join(lacking)
    return f"no {names}; on Debian: apt-get install nodejs npm" if lacking else None


def install() -> None:
    """Install what package-lock.json names, once, whoever asks besides. Raises SubprocessError."""
    installed = FOLDER / "node_modules" / ".package-lock.json"  # npm writes it last
    with FileLock(FOLDER / "node_modules.lock"):
        if not installed.exists():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            subprocess.run(command, cwd=FOLDER, check=True, timeout=300)


class Provider:
    """The provider: its address, and its process while it serves."""

    def __init__(self) -> None:
        """Choose a port; start nothing yet."""
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
