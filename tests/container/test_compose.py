"""deploy/compose.yaml, read by docker-compose, and what it mounts, run without a container."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from config import Settings
from tests.cluster.programs import NGINX, recommended
from tests.support.ports import free_port
from tests.support.postgres import USER, PostgreSQL, programs
from tests.support.processes import end, until

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
SECRETS = {"POSTGRES_PASSWORD": "letters1", "AKIN_SECRET_KEYS": "k" * 43}

needs_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed"
)


def config(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `docker-compose config` with nothing but these variables."""
    return subprocess.run(
        ["docker-compose", "--file", str(COMPOSE), *options, "config"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_compose
def test_compose_file_is_valid() -> None:
    """The file is accepted, with the folder read-only and the port on this machine alone."""
    result = config(ASSETS="/srv/art", AKIN_HOSTS="akin.example.com")
    assert result.returncode == 0, result.stderr
    services = yaml.safe_load(result.stdout)["services"]
    akin = services["akin"]
    assert akin["environment"]["AKIN_HOSTS"] == "akin.example.com"
    assert "/srv/art:/assets:ro" in akin["volumes"]
    assert akin["ports"] == ["127.0.0.1:8000:8000/tcp"]
    assert Path(akin["build"]["context"], akin["build"]["dockerfile"]).is_file()


@needs_compose
def test_compose_asks_for_the_folder() -> None:
    """Without ASSETS, the message names it."""
    result = config()
    assert result.returncode == 1
    assert "ASSETS" in result.stderr


@needs_compose
def test_profile_of_several_machines_is_valid() -> None:
    """docker-compose accepts it."""
    result = config("--profile", "several", ASSETS="/srv/art", **SECRETS)
    assert result.returncode == 0, result.stderr
    assert len(several()) == 7


def several() -> dict[str, Any]:
    """Return the services of the profile `several`."""
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return {name: each for name, each in services.items() if "several" in each.get("profiles", ())}


def test_profile_of_several_machines() -> None:
    """Its settings are valid; only nginx is published, on this machine; each has its own data."""
    services = several()
    assert {"web1", "web2", "indexer1", "indexer2"} <= set(services)
    own = []
    for name, service in services.items():
        assert name == "nginx" or "ports" not in service, name
        own += [each for each in service["volumes"] if each.endswith(("/data", ":/data"))]
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (DEPLOY / source).is_file(), source
    assert services["nginx"]["ports"] == ["127.0.0.1:8080:80"]
    assert len(own) == len(set(own)) == 6
    for name in ("web1", "web2", "indexer1", "indexer2"):
        values = {**services[name]["environment"], "AKIN_HOSTS": "", "AKIN_PROXIES": ""}
        for variable, value in SECRETS.items():
            values = {key: each.replace(f"${{{variable}-}}", value) for key, each in values.items()}
        Settings.from_environ(values)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_lines_are_those_of_the_document(tmp_path: Path) -> None:
    """With the names of the web hosts; nginx accepts them."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    documented = recommended("upstream akin {")
    documented = documented.replace("10.0.0.11", "web1").replace("10.0.0.12", "web2")
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in map(str.strip, documented.splitlines()) if line not in lines] == []
    file = tmp_path / "nginx.conf"
    here = text.replace("web1:", "127.0.0.1:").replace("web2:", "127.0.0.2:")
    file.write_text(NGINX.format(lines=here))
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(file), "-e", "error.log"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_scripts_of_postgresql_make_a_primary_and_a_standby() -> None:
    """As its image runs them: once in the new database, and as the command of the standby."""
    folder = programs()
    assert folder is not None
    with PostgreSQL() as primary:
        environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "POSTGRES_USER": USER,
            "POSTGRES_PASSWORD": SECRETS["POSTGRES_PASSWORD"],
            "PGHOST": "127.0.0.1",
            "PGPORT": str(primary.port),
            "PGDATA": str(primary.folder / "data"),
        }
        script = (DEPLOY / "postgres" / "primary.sh").read_text()
        # `akin` is the administrator of this server already.
        script = script.replace("CREATE ROLE akin LOGIN", "ALTER ROLE akin LOGIN")
        subprocess.run(["sh", "-c", script], env=environment, check=True, capture_output=True)
        with psycopg.connect(primary.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        data, port = primary.folder / "standby", free_port()
        environment |= {
            "PGDATA": str(data),
            "PRIMARY": "127.0.0.1",
            "PRIMARY_PORT": str(primary.port),
        }
        command = ["sh", str(DEPLOY / "postgres" / "standby.sh"), "-p", str(port)]
        command += ["-c", f"unix_socket_directories={primary.folder}"]
        url = f"postgresql://{USER}@127.0.0.1:{port}/akin"
        for _ in range(2):  # a restart copies nothing
            with (primary.folder / "standby.log").open("ab") as log:
                standby = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=log, **primary.as_user
                )
            try:
                until(lambda: _is_standby(url), standby, (primary.folder / "standby.log").read_text)
            finally:
                end(standby, signal.SIGINT)


def _is_standby(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=60) as connection:
            return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
    except psycopg.OperationalError:
        return False
