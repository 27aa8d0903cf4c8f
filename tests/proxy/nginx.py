"""nginx with TLS in front of Akin, configured by the lines of docs/deploy.md.

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
from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "akin.example.com"


def missing() -> str:
    """Return why nginx cannot run here; "" where it can."""
    for program in ("nginx", "openssl"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return ""


class _Here(HTTPAdapter):
    """Connects to 127.0.0.1 for every name, and checks the certificate for the name."""

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


def _below(site: str, path: str, *, keeps_path: bool) -> str:
    """Return the lines of a site, changed as docs/deploy.md has it for Akin below a path."""
    block = recommended("location /akin/ {")
    location, _, *headers = (line.strip() for line in block.splitlines()[:4])
    passing = "proxy_pass http://akin;" if keeps_path else "proxy_pass http://akin/;"
    if recommended(passing).partition(";")[0] + ";" != passing:
        raise ValueError(f"docs/deploy.md has no {passing}")
    lines = site.replace("location / {", "\n".join((location, *headers))).replace(
        "proxy_pass http://akin;", passing
    )
    return lines.replace("/akin/ {", f"{path}/ {{").replace("Prefix /akin;", f"Prefix {path};")


class Nginx:
    """Context manager that runs nginx on two free ports of 127.0.0.1; `access` is its log."""

    def __init__(
        self,
        folder: Path,
        port_of_akin: int,
        *more: str,
        below: str = "",
        keeps_path: bool = False,
        has_tls: bool = True,
    ) -> None:
        """Write the configuration; `more` are additional lines for its location.

        Akin is `below` a path, which nginx removes from requests or keeps. Without TLS the server
        has any name, and is at `url`.
        """
        self._folder = folder
        self._plain, self._secure = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._plain}"
        command = recommended("openssl req -x509").replace("\\\n", " ")
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
        self.certificate = str(folder / "fullchain.pem")
        site = recommended("upstream akin {").partition("}")[2]
        if below:
            site = _below(site, below, keeps_path=keeps_path)
        site = re.sub("http://akin(?=[/;])", f"http://127.0.0.1:{port_of_akin}", site)
        site = re.sub("location .* {", lambda match: "\n".join((match[0], *more)), site, count=1)
        self._configuration = folder / "nginx.conf"
        if not has_tls:
            server = f"server {{\nlisten 127.0.0.1:{self._plain};\naccess_log off;\n{site}\n}}"
            self._configuration.write_text(NGINX.format(lines=server))
            return
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
        self._configuration.write_text(NGINX.format(lines=lines))

    @property
    def access(self) -> str:
        """Return its access log."""
        return (self._folder / "akin.log").read_text("utf-8", "replace")

    def session(self) -> requests.Session:
        """Return a session that trusts the certificate and follows no redirect."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.certificate
        session.headers["Host"] = NAME
        session.mount("http://", _Here(self._plain))
        session.mount("https://", _Here(self._secure))
        return session

    def __enter__(self) -> Self:
        """Start nginx and wait until it responds. Raises RuntimeError where it exits."""
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
        """Wait for a condition. Raises RuntimeError where nginx exits."""
        until(is_there, self._process, (self._folder / "error.log").read_text)

    def _answers(self) -> bool:
        try:
            with self.session() as session:
                session.get(f"http://{NAME}/", allow_redirects=False, timeout=20)
        except requests.RequestException:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        """Stop the process."""
        end(self._process)
