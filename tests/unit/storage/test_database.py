"""The database: opened by its first use, migrated by one of several processes, refused if newer."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

import app.records as records_package
from app.errors import StoreFailed, StoreTooNew
from app.storage import migrations
from app.storage.database import FILE, Database, metadata
from tests.support.postgres import PostgreSQL, Standby, programs
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[3]
VERSION = sa.table("alembic_version", sa.column("version_num"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return ""
    address: str = request.getfixturevalue("postgres_url")
    return address


def tables(database: Database) -> set[str]:
    """Return the names of all tables."""
    with database.reading() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_nothing_is_created_before_the_first_use(tmp_path: Path) -> None:
    database = Database("", tmp_path / "data")
    assert database.is_empty
    assert not (tmp_path / "data").exists()
    assert "selections" in tables(database)
    assert not database.is_empty
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o077 == 0


def test_processes_that_start_at_once_migrate_once(url: str, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.storage.database import Database\n"
        "sys.stdin.read()\n"
        "with Database(sys.argv[1], Path(sys.argv[2])).writing() as connection: pass"
    )
    command = [sys.executable, "-W", "error", "-c", code, url, str(tmp_path)]
    hosts = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) for _ in range(3)]
    for host in hosts:
        host.stdin.close()
    assert [host.wait() for host in hosts] == [0, 0, 0]
    database = Database(url, tmp_path)
    with database.reading() as connection:
        assert connection.scalars(sa.select(VERSION.c.version_num)).all() == [
            migrations.revisions()[-1]
        ]
    database.close()


def test_a_newer_store_is_refused_and_not_changed(url: str, tmp_path: Path) -> None:
    database = Database(url, tmp_path)
    with database.writing() as connection:
        connection.execute(sa.update(VERSION).values(version_num="9999"))
    database.close()
    older = Database(url, tmp_path)
    with pytest.raises(StoreTooNew, match="newer version of Akin") as refused, older.reading():
        pass
    assert "9999" in refused.value.message
    older.close()


def test_there_is_one_head_and_file_names_are_the_revisions() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(migrations.VERSIONS.parent))
    script = ScriptDirectory.from_config(settings)
    assert [each.revision for each in script.walk_revisions()] == migrations.revisions()[::-1]
    assert script.get_heads() == [migrations.revisions()[-1]]


def test_migrations_make_the_tables_that_records_declare(url: str, tmp_path: Path) -> None:
    for path in Path(records_package.__file__).parent.glob("[a-z]*.py"):
        __import__(f"app.records.{path.stem}")
    database = Database(url, tmp_path)
    with database.reading() as connection:
        inspector = sa.inspect(connection)
        found = {
            name: {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            }
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }
        dialect = connection.dialect
        declared = {
            table.name: {
                column.name: (column.type.compile(dialect), column.nullable)
                for column in table.columns
            }
            for table in metadata.sorted_tables
        }
    database.close()
    assert found == declared


def test_writers_wait_for_each_other(url: str, tmp_path: Path) -> None:
    database = Database(url, tmp_path)
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE counter (n INTEGER)"))
        connection.execute(sa.text("INSERT INTO counter VALUES (0)"))

    def count(_: int) -> None:
        with database.writing() as connection:
            connection.execute(sa.text("UPDATE counter SET n = n + 1"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(40)))
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT n FROM counter")) == 40
    database.close()


def test_an_error_rolls_back(url: str, tmp_path: Path) -> None:
    database = Database(url, tmp_path)

    def fail() -> None:
        with database.writing() as connection:
            connection.execute(sa.text("CREATE TABLE half_done (n INTEGER)"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "half_done" not in tables(database)
    database.close()


def test_a_full_disk_is_reported_and_stores_nothing(tmp_path: Path) -> None:
    database = Database("", tmp_path)
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE big (text TEXT)"))
        pages = connection.scalar(sa.text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")  # of this connection
    rows = [{"text": "x" * 4096}] * 20
    with pytest.raises(StoreFailed, match="the disk is full"), database.writing() as connection:
        connection.execute(sa.text("INSERT INTO big VALUES (:text)"), rows)
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM big")) == 0


def test_a_damaged_file_is_reported_and_kept(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database " * 1000)
    with pytest.raises(StoreFailed, match="is damaged"), Database("", tmp_path).reading():
        pass
    assert (tmp_path / FILE).read_bytes().startswith(b"no database")


def test_a_file_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreFailed, match="cannot be opened"), Database("", tmp_path).writing():
        pass


def test_a_server_that_is_down_is_reported_without_its_password(tmp_path: Path) -> None:
    database = Database("postgresql://akin:hush@127.0.0.1:1/akin", tmp_path)
    for message in ("refused", "a moment ago"):
        with pytest.raises(StoreFailed, match=message) as failed, database.reading():
            pass
        assert "hush" not in failed.value.message


def test_reading_goes_on_without_a_primary(tmp_path: Path) -> None:
    """Also in a process that starts meanwhile; what was stored last is read from the primary."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with PostgreSQL() as primary, Standby(primary, "recovery_min_apply_delay=200ms") as standby:
        hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (standby, primary))
        url = f"postgresql://akin@/postgres?{hosts}"
        with (
            closing(Database(url, tmp_path)) as database,
            closing(Database(url, tmp_path)) as restarted,
        ):
            store(database, "kept")
            assert names(database) == {"kept"}
            eventually(lambda: is_at(standby, "kept"))
            primary.stop(signal.SIGQUIT)
            for each in (database, restarted):
                assert names(each) == {"kept"}
                with pytest.raises(StoreFailed):
                    store(each, "refused")
            standby.promote()
            eventually(lambda: is_stored(database, "later"))
            assert names(database) == {"kept", "later"}


def is_at(server: PostgreSQL, name: str) -> bool:
    """Return whether a server has the name."""
    with psycopg.connect(server.url()) as connection:
        if connection.execute("SELECT to_regclass('names')").fetchone() == (None,):
            return False
        return (name,) in connection.execute("SELECT name FROM names").fetchall()


def store(database: Database, name: str) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE IF NOT EXISTS names (name text)"))
        connection.execute(sa.text("INSERT INTO names VALUES (:name)"), {"name": name})


def is_stored(database: Database, name: str) -> bool:
    try:
        store(database, name)
    except StoreFailed:
        return False
    return True


def names(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(sa.text("SELECT name FROM names")).scalars())


def test_a_killed_writer_leaves_what_was_committed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; import sqlalchemy as sa\n"
        "from app.storage.database import Database\n"
        "database = Database('', Path(sys.argv[1]))\n"
        "with database.writing() as connection:\n"
        "    connection.execute(sa.text('CREATE TABLE done (n INTEGER)'))\n"
        "    connection.execute(sa.text('INSERT INTO done VALUES (1)'))\n"
        "with database.writing() as connection:\n"
        "    connection.execute(sa.text('PRAGMA cache_size = 1'))\n"
        "    for n in range(20000):\n"
        "        connection.execute(sa.text('INSERT INTO done VALUES (2)'))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert (tmp_path / f"{FILE}-journal").exists()  # some pages of it had reached the file
    with Database("", tmp_path).writing() as connection:
        assert connection.scalars(sa.text("SELECT n FROM done")).all() == [1]
    with sqlite3.connect(tmp_path / FILE) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# Prints whether the new process has a connection of its own, and the old one keeps its own.
FORKING = """
import os, sys
from pathlib import Path
import sqlalchemy as sa
from app.storage.database import Database
database = Database(sys.argv[1], Path(sys.argv[2]))
def backend():
    with database.reading() as connection:
        return connection.scalar(sa.text("SELECT pg_backend_pid()"))
before = backend()
assert backend() == before
with database._opening:
    child = os.fork()
    if child == 0:
        os._exit(0 if backend() != before and database._opening.acquire(timeout=60) else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(status, backend() == before)
"""


def test_a_process_that_is_forked_makes_connections_of_its_own(
    postgres_url: str, tmp_path: Path
) -> None:
    """The workers of gunicorn --preload are forked after the warm-up has used the database."""
    command = [sys.executable, "-c", FORKING, postgres_url, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"], done.stderr
