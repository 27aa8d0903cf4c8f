"""nginx with TLS before Akin, by the lines that docs/deploy.md recommends.

with Nginx(folder, port_of_akin) as nginx:
    nginx.session().get(nginx.url)
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Self

import requests
from requests.adapters import HTTPAdapter

from tests.cluster.programs import NGINX, recommended
from tests.ports import free_port
from tests.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "akin.example.com"


def missing() -> str:
    """Why this cannot be run here; empty where it can."""
    for program in ("nginx", "openssl"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return ""


class _Here(HTTPAdapter):
    """Reaches every name at 127.0.0.1, and checks the certificate by the name."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):  # noqa: ARG002
        return self.poolmanager.connection_from_host(
            "127.0.0.1",
            self._port,
            scheme=str(request.url).partition(":")[0],
            pool_kwargs={"ca_certs": verify, "server_hostname": NAME, "assert_hostname": NAME}
            if str(request.url).startswith("https:")
            else None,
        )


class Nginx:
    """nginx while it is entered, on two free ports of 127.0.0.1; its log is `access`."""

    def __init__(self, folder: Path, port_of_akin: int, *more: str) -> None:
        """Put the configuration together; `more` are lines for its location."""
        self._folder = folder
        self._plain, self._secure = free_port(), free_port()
        command = recommended("openssl req -x509").replace("\\\n", " ")
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
        self.certificate = str(folder / "fullchain.pem")
        site = recommended("upstream akin {").partition("}")[2]
        site = site.replace("http://akin;", f"http://127.0.0.1:{port_of_akin};")
        site = site.replace("location / {", "location / {\n" + "\n".join(more))
        lines = recommended("# The address of a feed")
        for pattern, here in (
            (r"listen 80;", f"listen 127.0.0.1:{self._plain};"),
            (r"listen 443", f"listen 127.0.0.1:{self._secure}"),
            (r"/etc/letsencrypt/live/[^/]+", "."),
            (r"/var/log/nginx", "."),
            (r"# location / and .*", site),
        ):
            lines, count = re.subn(pattern, here.replace("\\", r"\\"), lines)
            if not count:
                raise ValueError(f"docs/deploy.md has no {pattern}")
        self._configuration = folder / "nginx.conf"
        self._configuration.write_text(NGINX.format(lines=lines))

    @property
    def access(self) -> str:
        """What it has logged."""
        return (self._folder / "akin.log").read_text("utf-8", "replace")

    def session(self) -> requests.Session:
        """A browser's: it knows the name, believes the certificate, and follows nothing."""
        made = requests.Session()
        made.trust_env = False
        made.verify = self.certificate
        made.headers["Host"] = NAME
        made.mount("http://", _Here(self._plain))
        made.mount("https://", _Here(self._secure))
        return made

    def __enter__(self) -> Self:
        """Start and wait until it answers. Raises RuntimeError where it ends instead."""
        command = ["nginx", "-c", str(self._configuration), "-p", str(self._folder)]
        command += ["-e", str(self._folder / "error.log")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            self.wait_for(self._answers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_for(self, is_there: Callable[[], bool]) -> None:
        """Wait for something that it does. Raises RuntimeError where it ends instead."""
        until(is_there, self._process, (self._folder / "error.log").read_text)

    def _answers(self) -> bool:
        try:
            with self.session() as session:
                session.get(f"http://{NAME}/", allow_redirects=False, timeout=20)
        except requests.RequestException:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        """Stop it by its process."""
        end(self._process)
