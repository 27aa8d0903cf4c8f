"""Lock files match the requirements and contain a hash for every file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from extras import ALL, Extra

ROOT = Path(__file__).parents[3]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Return versions by names, normalised as on PyPI."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(text)}


def required(name: str) -> str:
    """Return a requirements file with the files that it includes."""
    file = ROOT / name
    text = file.read_text()
    return text + "".join(
        required(str(file.parent / other))
        for other in re.findall(r"^-r *(\S+)", text, re.MULTILINE)
    )


LOCKS = {
    "requirements/app.lock": "requirements.txt",
    "requirements/library.lock": "requirements/library.txt",
    "requirements/models.lock": "requirements/models.txt",
    "requirements/demo.lock": "requirements/demo.txt",
    **{extra.lock: extra.lock.replace(".lock", ".txt") for extra in ALL},
}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_matches_the_requirements(lock: str) -> None:
    """If this fails, run `make lock`."""
    required_pins = pins(required(LOCKS[lock]))
    locked = pins((ROOT / lock).read_text())
    assert {name: locked.get(name) for name in required_pins} == required_pins
    if lock in {"requirements/app.lock", "requirements/library.lock"}:
        assert len(locked) > len(required_pins)


@pytest.mark.parametrize("extra", ALL, ids=lambda extra: extra.name)
def test_an_extra_changes_no_version_of_the_library(extra: Extra) -> None:
    """It is installed into the environment of a library that runs."""
    base = pins((ROOT / "requirements/library.lock").read_text())
    locked = pins((ROOT / extra.lock).read_text())
    assert {name: base[name] for name in locked if name in base}.items() <= locked.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_has_a_hash(lock: str) -> None:
    """Hashes verify every file; no address of an index is in the file."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|^--", text, re.MULTILINE) == []
