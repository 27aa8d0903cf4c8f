"""The systemd units of deploy/, checked without a running systemd."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.studio import block

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
UNITS = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "deploy").glob("*.service"))}
MAX_EXPOSURE = 2.5  # of 10; systemd calls values below 4 "OK"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


@pytest.fixture(params=sorted(UNITS))
def name(request: pytest.FixtureRequest) -> str:
    """Each unit."""
    return str(request.param)


@pytest.fixture
def analyze(tmp_path: Path, name: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs systemd-analyze on a unit, with an additional line where one is given."""
    text = UNITS[name].replace("/opt/akin/.venv/bin/python", shutil.which("sh") or "")
    text = text.replace("/opt/akin", str(ROOT)).replace("/etc/akin.env", "-/etc/akin.env")

    def run(*words: str, line: str = "") -> subprocess.CompletedProcess[str]:
        unit = tmp_path / name
        unit.write_text(text.replace("[Service]\n", f"[Service]\n{line}\n"))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        return subprocess.run(
            ["systemd-analyze", *words, str(unit)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_commands() -> None:
    """The units start what docs/deploy.md does."""
    serve, index = UNITS["akin.service"], UNITS["akin-indexer.service"]
    assert "ExecStart=/opt/akin/.venv/bin/python -m app serve" in serve.splitlines()
    _, separator, command = block("index").partition("exec ")
    assert separator
    command = command.replace('"$AKIN_ASSETS"', "${AKIN_ASSETS}")
    assert f"ExecStart=/opt/akin/{command}" in index.splitlines()


def test_unit_is_valid(analyze: Callable[..., subprocess.CompletedProcess[str]], name: str) -> None:
    """Every line is known to systemd; an unknown one is reported."""
    for line, complaints in (("", 0), ("ProtectSistem=strict", 1)):
        result = analyze("verify", line=line)
        complaints_found = [each for each in result.stderr.splitlines() if name in each]
        assert (result.returncode, len(complaints_found)) == (0, complaints), complaints_found


def test_unit_is_confined(
    analyze: Callable[..., subprocess.CompletedProcess[str]], name: str
) -> None:
    """The unit's exposure is low."""
    result = analyze("security", "--offline=true", "--no-pager").stdout
    exposure = re.search(rf"Overall exposure level for {name}: ([0-9.]+)", result)
    assert exposure, result
    assert float(exposure[1]) <= MAX_EXPOSURE, result.splitlines()[-1]
