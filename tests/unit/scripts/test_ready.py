"""Mistakes in the settings are reported before anything is installed or indexed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from library.home import home_for
from tests.support.ports import free_port

ROOT = Path(__file__).parents[3]


def check(**settings: str) -> tuple[int, str]:
    """Return the exit status of the program, and its output after the first line."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    command = [sys.executable, "-S", "scripts/ready.py"]  # -S: no installed package is needed
    environment = inherited | {"PORT": "0"} | settings
    if environment["PORT"] == "0":
        environment["PORT"] = str(free_port())
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stderr.partition("\n")[2].strip()


def test_no_mistake(tmp_path: Path) -> None:
    assert check(AKIN_ASSETS=str(tmp_path)) == (0, "")


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    assert check(AKIN_ASSETS=str(folder)) == (1, f"ASSETS: {folder} does not exist.")
    folder.write_text("a file")
    what = "is a file, not a folder."
    assert check(AKIN_ASSETS=str(folder)) == (1, f"ASSETS: {folder} {what}")


def test_folder_is_ignored_with_a_key(tmp_path: Path) -> None:
    key = {"SCENARIO_SDK_API_KEY": "key", "SCENARIO_SDK_API_SECRET": "secret"}
    assert check(AKIN_ASSETS=str(tmp_path / "nowhere"), **key) == (0, "")


def test_data_folder_that_is_a_file(tmp_path: Path) -> None:
    assert check(AKIN_DATA=str(tmp_path / "new" / "folder")) == (0, "")
    file = tmp_path / "file"
    file.write_text("no folder")
    assert check(AKIN_DATA=str(file)) == (1, f"AKIN_DATA: {file} is a file.")
    below = file / "data"
    message = f"AKIN_DATA: {below} cannot be created: {file} is a file."
    assert check(AKIN_DATA=str(below)) == (1, message)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_that_cannot_be_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o300)
    assert check(AKIN_ASSETS=str(tmp_path)) == (1, f"ASSETS: {tmp_path} cannot be read.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    message = f"AKIN_DATA: {tmp_path / 'data'} cannot be written."
    assert check(AKIN_DATA=str(tmp_path / "data")) == (1, message)


def test_port_that_is_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, line = check(PORT=str(port))
    assert (status, line.startswith(f"Cannot listen on 127.0.0.1:{port}: ")) == (1, True)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"PORT": "abc"}, ["PORT"]),
        ({"AKIN_TIMEUOT": "3", "AKIN_TIMEOUT": "soon"}, ["AKIN_TIMEOUT", "AKIN_TIMEUOT"]),
    ],
)
def test_all_mistakes_are_reported(settings: dict[str, str], names: list[str]) -> None:
    status, lines = check(**settings)
    assert (status, sorted(line.split(":")[0] for line in lines.splitlines())) == (1, names)


def test_a_share_that_is_not_there_is_no_reason_not_to_start(tmp_path: Path) -> None:
    """Where it was indexed before; otherwise each of several folders is checked."""
    (tmp_path / "one").mkdir()
    assets = os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")])
    data = tmp_path / "data"
    status, output = check(AKIN_DATA=str(data), AKIN_ASSETS=assets)
    assert (status, output) == (1, f"ASSETS: {tmp_path / 'two'} does not exist.")
    home = home_for(data, tmp_path / "one")
    home.mkdir(parents=True)
    (home / "library.sqlite").touch()
    assert check(AKIN_DATA=str(data), AKIN_ASSETS=assets) == (0, "")
