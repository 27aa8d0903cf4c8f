"""The systemd unit in docs/deploy.md, as far as it can be tried without systemd."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.programs import ROOT, recommended

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_EXPOSURE = 2.5  # of 10; systemd calls what is below 4 "OK"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


@pytest.fixture
def analyze(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Asks systemd-analyze about the unit, with another line in it where one is given."""
    text = recommended("[Unit]").replace("/opt/akin/.venv/bin/python", shutil.which("sh") or "")
    text = text.replace("/opt/akin", str(ROOT)).replace("/etc/akin.env", "-/etc/akin.env")

    def ask(*words: str, line: str = "") -> subprocess.CompletedProcess[str]:
        unit = tmp_path / "akin.service"
        unit.write_text(text.replace("[Service]\n", f"[Service]\n{line}\n"))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        return subprocess.run(
            ["systemd-analyze", *words, str(unit)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return ask


def test_the_unit_is_one(analyze: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Every line is known and can be read; one that is not would be found."""
    assert "ExecStart=/opt/akin/.venv/bin/python -m app serve" in recommended("[Unit]").splitlines()
    for line, complaints in (("", 0), ("ProtectSistem=strict", 1)):
        found = analyze("verify", line=line)
        said = [each for each in found.stderr.splitlines() if "akin.service" in each]
        assert (found.returncode, len(said)) == (0, complaints), said


def test_the_unit_is_shut_in(analyze: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """It may do what a server needs, and little more."""
    found = analyze("security", "--offline=true", "--no-pager").stdout
    exposure = re.search(r"Overall exposure level for akin.service: ([0-9.]+)", found)
    assert exposure, found
    assert float(exposure[1]) <= MOST_EXPOSURE, found.splitlines()[-1]
