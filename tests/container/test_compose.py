"""deploy/compose.yaml, read by docker-compose; nothing is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"

pytestmark = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed"
)


def config(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run `docker-compose config` with nothing but these variables."""
    return subprocess.run(
        ["docker-compose", "--file", str(COMPOSE), "config"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_compose_file_is_valid() -> None:
    """The file is accepted, with the folder read-only and the port on this machine alone."""
    result = config(ASSETS="/srv/art", AKIN_HOSTS="akin.example.com")
    assert result.returncode == 0, result.stderr
    akin = yaml.safe_load(result.stdout)["services"]["akin"]
    assert akin["environment"]["AKIN_HOSTS"] == "akin.example.com"
    assert "/srv/art:/assets:ro" in akin["volumes"]
    assert akin["ports"] == ["127.0.0.1:8000:8000/tcp"]
    assert Path(akin["build"]["context"], akin["build"]["dockerfile"]).is_file()


def test_compose_asks_for_the_folder() -> None:
    """Without ASSETS, the message names it."""
    result = config()
    assert result.returncode == 1
    assert "ASSETS" in result.stderr
