"""A PostgreSQL server for tests: Debian's program, on a free port of 127.0.0.1.

Fixtures, imported by tests/conftest.py: `postgres`, one server for a test process, and
`postgres_url`, an empty database of it for one test.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import psycopg
import pytest

from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Iterator

USER: Final = "akin"
# Texts are sorted by a language, as in most installations, so that a missing COLLATE is noticed.
INITIAL: Final = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8")


def programs() -> Path | None:
    """Return the folder of the newest server that is installed, or None."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class PostgreSQL:
    """Context manager that runs a server, which may be stopped and started meanwhile."""

    def __init__(self, *options: str) -> None:
        """`options` are settings such as `wal_level=logical`."""
        bin_folder = programs()
        assert bin_folder is not None
        self._bin = bin_folder
        self._options = options
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="akin-postgres-"))
        self._databases = 0
        self._process: subprocess.Popen[Any] | None = None
        # The server refuses to run as root.
        self.as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(self.folder, "postgres", "postgres")
        self._create()

    def _create(self) -> None:
        command = [self._bin / "initdb", "--no-sync", "--auth=trust", f"--username={USER}"]
        self._run(*command, *INITIAL, "--pgdata", self._data)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, as in AKIN_STORE_URL."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create an empty database and return its address."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        """Start it and wait until it accepts connections. Raises RuntimeError where it exits."""
        settings = ("fsync=off", f"unix_socket_directories={self.folder}", *self._options)
        command = [
            self._bin / "postgres",
            "-D",
            self._data,
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        command += [part for each in settings for part in ("-c", each)]
        log = self.folder / "server.log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **self.as_user
            )
        until(self._responds, self._process, log.read_text)

    def _responds(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=60).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, with SIGINT in order and with SIGQUIT at once, and wait until it has exited."""
        if self._process is not None:
            end(self._process, how)
            self._process = None

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **self.as_user
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and remove everything."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


class Standby(PostgreSQL):
    """A server that follows another one, and may be promoted."""

    def __init__(self, primary: PostgreSQL, *options: str) -> None:
        self._primary = primary
        super().__init__(*options)

    def _create(self) -> None:
        source = f"host=127.0.0.1 port={self._primary.port} user={USER}"
        command = [self._bin / "pg_basebackup", "--write-recovery-conf", "--checkpoint=fast"]
        self._run(*command, f"--dbname={source}", "--pgdata", self._data)

    def promote(self) -> None:
        """Make it a primary."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """A server, for all tests of a process."""
    if programs() is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgreSQL) -> str:
    """The address of an empty database."""
    return postgres.new_database()
