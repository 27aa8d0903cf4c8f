"""Machines as network namespaces in the network 10.0.0.0/24, in which shell commands run.

    with Network(folder) as network:
        database = network.machine("database", "10.0.0.6")
        database.run("pg_lsclusters")
        database.kill()

The network is a bridge in the namespace of the machine that is the proxy, so no address of it is
one of this machine; `network.proxy_address` leads from here to the proxy. Each machine has folders
of its own for PostgreSQL, and `data` for Akin. Everything that is made has this process's id in its
name and is removed again.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.cluster.hosts import ROOT, ip
from tests.support.postgres import programs
from tests.support.processes import end

if TYPE_CHECKING:
    from collections.abc import Mapping

PROXY = "10.0.0.2"
# Debian's programs of PostgreSQL use these folders.
_POSTGRES = ("/etc/postgresql", "/var/lib/postgresql", "/var/log/postgresql", "/run/postgresql")
_SECONDS = 300


def missing() -> str:
    """Return which program of Debian's PostgreSQL is not installed; "" where all are."""
    for program in ("pg_createcluster", "pg_ctlcluster", "pg_conftool", "psql", "runuser"):
        if shutil.which(program) is None:
            return f"{program} is not installed (postgresql of Debian)"
    return ""


def postgres_version() -> str:
    """Return the version of the server that is installed: "15"."""
    folder = programs()
    assert folder is not None
    return folder.parent.name


class CommandFailed(AssertionError):
    """A command of a machine has failed; the message has its output."""


class Machine:
    """A machine of the network. `shared` replaces paths of docs/deploy.md by those of the test."""

    def __init__(self, number: int, name: str, folder: Path, shared: Mapping[str, str]) -> None:
        self.name = name
        self.namespace = f"ak{number}{name}"
        self.folder = folder
        self.data = folder / "data"
        self.environment_file = folder / "akin.env"
        self.is_running = False
        self._link = f"k{number}{name}"[:15]
        version = postgres_version()
        self._paths = {
            **shared,
            "/var/lib/akin": str(self.data),
            "/etc/akin.env": str(self.environment_file),
            "/opt/akin": str(ROOT),
            ".venv/bin/python": sys.executable,
            " 15 ": f" {version} ",
            "/15/": f"/{version}/",
        }
        self._started: list[subprocess.Popen[Any]] = []
        for path in ("data", *map(_own, _POSTGRES)):
            (folder / path).mkdir(parents=True, exist_ok=True)
        for path in _POSTGRES:
            shutil.chown(folder / _own(path), "postgres", "postgres")
        ip("netns", "add", self.namespace)
        ip("-n", self.namespace, "link", "set", "lo", "up")

    def connect(self, address: str, network: str) -> None:
        """Join the bridge of a namespace."""
        inner, peer = ("name", "eth0", "netns", self.namespace), ("netns", network)
        ip("link", "add", self._link, *peer, "type", "veth", "peer", *inner)
        ip("-n", network, "link", "set", self._link, "master", "bridge", "up")
        ip("-n", self.namespace, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", self.namespace, "link", "set", "eth0", "up")

    def here(self, text: str) -> str:
        """Return a text of docs/deploy.md with the paths of this machine."""
        for documented, path in self._paths.items():
            text = text.replace(documented, path)
        return text

    def run(self, script: str) -> str:
        """Run shell commands and return what they print. Raises CommandFailed."""
        done = subprocess.run(
            self._command(script),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            msg = f"{self.name}: status {done.returncode} of\n{script}\n{done.stdout}"
            raise CommandFailed(msg)
        return done.stdout

    def start(self, script: str) -> subprocess.Popen[Any]:
        """Start shell commands, which log to `log` in the folder."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self._command(script),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    @property
    def log(self) -> Path:
        """Return the file with the output of what was started."""
        return self.folder / "log"

    def kill(self) -> None:
        """Kill every process at once and empty `/run`, as a machine does that loses its power."""
        while pids := self._processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for process in self._started:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
        self._started = []
        # The ids of killed processes exist until this system's init has noticed their end.
        for lock in (self.folder / _own("/run/postgresql")).iterdir():
            lock.unlink()

    def end(self) -> None:
        """End what was started, in order, and wait for it."""
        for process in self._started:
            end(process, group=True)
        self._started = []

    def remove(self) -> None:
        """Kill every process and remove the namespace."""
        self.kill()
        ip("netns", "del", self.namespace)

    def _processes(self) -> list[int]:
        done = subprocess.run(
            ["ip", "netns", "pids", self.namespace], capture_output=True, text=True, check=True
        )
        return [int(pid) for pid in done.stdout.split() if not _is_ended(int(pid))]

    def _command(self, script: str) -> list[str]:
        mounts = [f"mount --bind '{self.folder / _own(path)}' {path}" for path in _POSTGRES]
        text = "\n".join((*mounts, "cd /", self.here(script)))
        return ["ip", "netns", "exec", self.namespace, "sh", "-euc", text]


def _own(path: str) -> str:
    return path.strip("/").replace("/", "-")


def _is_ended(pid: int) -> bool:
    """Return whether a process is gone, or waits for its parent to notice its end."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def _environment() -> dict[str, str]:
    """Return the environment without settings of Akin."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    return inherited | {"OMP_NUM_THREADS": "1"}


class Network:
    """Context manager of the machines; all are removed at its end."""

    def __init__(self, folder: Path) -> None:
        """Store all files in `folder`; `shared` and `art` are those that machines share."""
        self._folder = folder
        self._number = os.getpid() % 100_000
        self._stack = ExitStack()
        self.shared, self.art = folder / "shared", folder / "art"
        # A pair of addresses of the network for benchmarks (RFC 2544), which no machine uses.
        high, low = divmod(os.getpid() % 16_384 * 4, 256)
        self._here, self.proxy_address = (f"198.18.{high}.{low + n}" for n in (1, 2))
        self.machines: dict[str, Machine] = {}

    def __enter__(self) -> Self:
        """Make the proxy with the bridge."""
        self.shared.mkdir()
        self.art.mkdir()
        try:
            self._make_proxy()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill and remove all machines."""
        self._stack.close()

    def _make_proxy(self) -> None:
        proxy = self._machine("proxy")
        ip("-n", proxy.namespace, "link", "add", "bridge", "type", "bridge")
        ip("-n", proxy.namespace, "addr", "add", f"{PROXY}/24", "dev", "bridge")
        ip("-n", proxy.namespace, "link", "set", "bridge", "up")
        link = f"ak{self._number}p"
        ip("link", "add", link, "type", "veth", "peer", "name", "out", "netns", proxy.namespace)
        ip("addr", "add", f"{self._here}/30", "dev", link)
        ip("link", "set", link, "up")
        ip("-n", proxy.namespace, "addr", "add", f"{self.proxy_address}/30", "dev", "out")
        ip("-n", proxy.namespace, "link", "set", "out", "up")

    def machine(self, name: str, address: str) -> Machine:
        """Add a machine. Its name has at most 7 letters."""
        machine = self._machine(name)
        machine.connect(address, self.machines["proxy"].namespace)
        return machine

    def _machine(self, name: str) -> Machine:
        paths = {"/srv/akin": str(self.shared), "/srv/art": str(self.art)}
        folder = self._folder / name
        folder.mkdir()
        machine = Machine(self._number, name, folder, paths)
        self._stack.callback(machine.remove)
        self.machines[name] = machine
        return machine
