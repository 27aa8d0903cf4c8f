"""The lock files are of the requirements, and every file in them has a hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Names, as PyPI normalises them, and versions."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(text)}


def required(name: str) -> str:
    """A requirements file with those that it includes."""
    text = (ROOT / name).read_text()
    return text + "".join(
        required(other) for other in re.findall(r"^-r *(\S+)", text, re.MULTILINE)
    )


@pytest.mark.parametrize("part", ["requirements", "requirements-library"])
def test_lock_is_of_the_requirements(part: str) -> None:
    """Where this fails: make lock."""
    wanted = pins(required(f"{part}.txt"))
    locked = pins((ROOT / f"{part}.lock").read_text())
    assert {name: locked.get(name) for name in wanted} == wanted
    assert len(locked) > len(wanted)


@pytest.mark.parametrize("part", ["requirements", "requirements-library"])
def test_every_file_has_a_hash(part: str) -> None:
    """Nothing can be slipped in, and nothing says where it came from."""
    text = (ROOT / f"{part}.lock").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|^--", text, re.MULTILINE) == []
