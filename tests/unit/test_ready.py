"""What is wrong with the settings is said before anything is installed or indexed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def said(**settings: str) -> tuple[int, str]:
    """The status of the program with these settings, and what it said after the first line."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    command = [sys.executable, "-S", "scripts/ready.py"]  # -S: no installed package is needed
    environment = kept | {"PORT": "0"} | settings
    if environment["PORT"] == "0":
        environment["PORT"] = str(free_port())
    found = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return found.returncode, found.stderr.partition("\n")[2].strip()


def test_nothing_is_said_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert said(AKIN_ASSETS=str(tmp_path)) == (0, "")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    assert said(AKIN_ASSETS=str(folder)) == (1, f"ASSETS: {folder} is not there.")
    folder.write_text("a file")
    what = "is a file, and a folder is wanted."
    assert said(AKIN_ASSETS=str(folder)) == (1, f"ASSETS: {folder} {what}")


def test_a_folder_is_not_looked_for_where_a_project_is_browsed(tmp_path: Path) -> None:
    key = {"SCENARIO_SDK_API_KEY": "key", "SCENARIO_SDK_API_SECRET": "secret"}
    assert said(AKIN_ASSETS=str(tmp_path / "nowhere"), **key) == (0, "")


def test_a_data_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    assert said(AKIN_DATA=str(tmp_path / "new" / "folder")) == (0, "")
    file = tmp_path / "file"
    file.write_text("no folder")
    assert said(AKIN_DATA=str(file)) == (1, f"AKIN_DATA: {file} is a file.")
    below = file / "data"
    found = f"AKIN_DATA: {below} cannot be made: {file} is a file."
    assert said(AKIN_DATA=str(below)) == (1, found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o300)
    assert said(AKIN_ASSETS=str(tmp_path)) == (1, f"ASSETS: {tmp_path} cannot be read.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    found = f"AKIN_DATA: {tmp_path / 'data'} cannot be written."
    assert said(AKIN_DATA=str(tmp_path / "data")) == (1, found)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, line = said(PORT=str(port))
    assert (status, line.startswith(f"Cannot listen on 127.0.0.1:{port}: ")) == (1, True)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"PORT": "abc"}, ["PORT"]),
        ({"AKIN_TIMEUOT": "3", "AKIN_TIMEOUT": "soon"}, ["AKIN_TIMEOUT", "AKIN_TIMEUOT"]),
    ],
)
def test_every_mistake_is_named_at_once(settings: dict[str, str], names: list[str]) -> None:
    status, lines = said(**settings)
    assert (status, sorted(line.split(":")[0] for line in lines.splitlines())) == (1, names)
