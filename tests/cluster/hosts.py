"""Two hosts of Akin as network namespaces, with nginx in front, and Redis and an API behind.

    with Cluster(folder) as cluster:
        requests.get(cluster.url)
        cluster.hosts[0].vanish()      # its cable is pulled and its processes are killed
        cluster.hosts[0].come_back()

Needs root, iproute2, nginx and redis-server: `missing()` returns what is missing. Everything
that is made has this process's id in its name and is removed again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.cluster.programs import NGINX, Redis, recommended
from tests.support.ports import free_port
from tests.support.processes import end, until

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"


def missing() -> str:
    """Return why a cluster cannot be made here; "" where it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nginx", "redis-server"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    probe, bridge = f"akin-probe-{os.getpid()}", f"akp{os.getpid() % 10**6}"
    with ExitStack() as stack:
        try:
            ip("netns", "add", probe)
            stack.callback(ip, "netns", "del", probe)
            ip("link", "add", bridge, "type", "bridge")
            stack.callback(ip, "link", "del", bridge)
            ip("link", "add", f"{bridge}v", "type", "veth", "peer", "name", "w", "netns", probe)
        except subprocess.CalledProcessError as error:
            return f"network namespaces cannot be joined here: {error.stderr.decode().strip()}"
    return ""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Host:
    """One host: a network namespace on the bridge, with Akin in it."""

    def __init__(self, name: str, address: str, bridge: str, environment: dict[str, str]) -> None:
        """Make the namespace."""
        self.name = name
        self.port = 8000
        self.address = address
        self._link = f"v{name}"
        self._environment = environment | {"AKIN_LISTEN": address, "PORT": str(self.port)}
        self._process: subprocess.Popen[bytes] | None = None
        inner = f"w{name}"
        ip("netns", "add", name)
        ip("link", "add", self._link, "type", "veth", "peer", "name", inner, "netns", name)
        ip("link", "set", self._link, "master", bridge, "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{address}/24", "dev", inner),
            ("link", "set", inner, "up"),
        ):
            ip("-n", name, *words)

    def start(self) -> None:
        """Start Akin and wait until it is ready. Raises RuntimeError where it exits."""
        data = Path(self._environment["AKIN_DATA"])
        data.mkdir(exist_ok=True)
        with (data / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, sys.executable, "-m", "app", "serve"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        url = f"http://{self.address}:{self.port}/healthz"
        until(lambda: _is_there(url), self._process, (data / "log").read_text)

    @property
    def runs(self) -> bool:
        """Return whether Akin is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def served(self) -> int:
        """Return how many requests are in its log."""
        log = Path(self._environment["AKIN_DATA"]) / "log"
        return log.read_bytes().count(b'"event": "request"')

    def vanish(self) -> None:
        """Pull the cable, then kill all processes: no connection is closed."""
        ip("link", "set", self._link, "down")
        if self._process is not None:
            end(self._process, signal.SIGKILL, group=True)

    def come_back(self) -> None:
        """Plug the cable in and start Akin."""
        ip("link", "set", self._link, "up")
        self.start()

    def restart(self) -> None:
        """Stop Akin after the requests in progress, and start it again."""
        if self._process is not None:
            end(self._process, group=True)
        self.start()

    def remove(self) -> None:
        """Stop all processes and remove the namespace."""
        if self._process is not None:
            end(self._process, signal.SIGKILL, group=True)
        ip("netns", "del", self.name)


def _is_there(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own servers
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


class Cluster:
    """Context manager that runs two hosts, nginx, Redis and an API; `url` is the public URL."""

    def __init__(self, folder: Path) -> None:
        """Store all files in `folder`."""
        self._folder = folder
        self._stack = ExitStack()
        self.url = f"http://127.0.0.1:{free_port()}"

    def __enter__(self) -> Self:
        """Make the hosts and start all programs."""
        try:
            self._enter()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop and remove everything, in reverse order."""
        self._stack.close()

    def _enter(self) -> None:
        number = os.getpid() % 200 + 20
        bridge, gateway = f"akbr{number}", f"10.213.{number}.1"
        ip("link", "add", bridge, "type", "bridge")
        self._stack.callback(ip, "link", "del", bridge)
        ip("addr", "add", f"{gateway}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        self.redis = self._stack.enter_context(Redis(self._folder, address=gateway))
        api = free_port(gateway)
        command = [sys.executable, "-m", "bench.slowapi", str(api), "5", gateway]
        self._run(command, f"http://{gateway}:{api}/count")
        shared = self._folder / "shared"
        shared.mkdir()
        inherited = {
            n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))
        }
        environment = inherited | {
            "OMP_NUM_THREADS": "1",
            "SCENARIO_BASE_URL": f"http://{gateway}:{api}/v1",
            "SCENARIO_SDK_API_KEY": "key",
            "SCENARIO_SDK_API_SECRET": "secret",
            "AKIN_AUTH": "password",
            "AKIN_USERS": str(shared / "users.json"),
            "AKIN_SECRET_KEYS": secrets.token_urlsafe(32),
            "AKIN_PROXIES": gateway,
            "AKIN_HOSTS": "akin.example.com",
            "AKIN_CACHE_URL": self.redis.url,
            "AKIN_REFERENCES_URL": str(shared / "references"),
            "AKIN_WORKERS": "1",
        }
        self._add_user(environment)
        self.hosts = []
        for place, name in enumerate(("a", "b")):
            own = environment | {"AKIN_DATA": str(self._folder / name)}
            host = Host(f"ak{number}{name}", f"10.213.{number}.{11 + place}", bridge, own)
            self._stack.callback(host.remove)
            host.start()
            self.hosts.append(host)
        self._start_nginx()

    def _add_user(self, environment: dict[str, str]) -> None:
        from app.auth.passwords.user_store import UserStore

        UserStore(Path(environment["AKIN_USERS"])).set_password("ada", PASSWORD)

    def _start_nginx(self) -> None:
        upstream, brace, site = recommended("upstream akin {").partition("}")
        for host, documented in zip(self.hosts, ("10.0.0.11", "10.0.0.12"), strict=True):
            upstream = upstream.replace(f"{documented}:8000", f"{host.address}:{host.port}")
        file = self._folder / "nginx.conf"
        port = self.url.rpartition(":")[2]
        server = f"server {{\nlisten 127.0.0.1:{port};\naccess_log off;\n{site}\n}}"
        lines = f"{upstream}{brace}\n{server}"
        file.write_text(NGINX.format(lines=lines))
        command = ["nginx", "-p", str(self._folder), "-c", str(file)]
        self._run(command, f"{self.url}/healthz")

    def _run(self, command: list[str], url: str) -> None:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._stack.callback(end, process, group=True)
        until(lambda: _is_there(url), process)
