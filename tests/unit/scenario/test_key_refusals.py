"""Digest of the API's credentials, and the time of a refusal that processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.scenario.key_refusals import (
    POLL_SECONDS,
    WRITE_SECONDS,
    KeyRefusals,
    RefusedWrites,
    WriteRefusals,
    scope_of,
)
from app.storage.cache import CacheStore, MemoryBackend
from tests.support.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

BASE = {"base_url": "https://api", "key": "k", "secret": "s", "jwt": "", "project_id": "p"}


@pytest.mark.parametrize("name", BASE)
def test_the_digest_depends_on_each_part(name: str) -> None:
    assert scope_of(**{**BASE, name: "other"}) != scope_of(**BASE)


def test_parts_are_not_joined() -> None:
    moved = {**BASE, "key": "kp", "project_id": ""}
    assert scope_of(**moved) != scope_of(**BASE)


@pytest.mark.parametrize("is_same_machine", [True, False], ids=["file", "cache"])
def test_processes_share_a_refusal(tmp_path: Path, is_same_machine: bool) -> None:
    clock = Clock()
    if is_same_machine:
        stores, folders = [CacheStore(None, None)] * 2, [tmp_path] * 2
    else:
        shared = MemoryBackend(clock=clock)
        stores = [CacheStore(None, shared) for _ in range(2)]
        folders = [tmp_path / "one", tmp_path / "two"]
    first, second = (
        KeyRefusals("scope", store, folder, clock=clock)
        for store, folder in zip(stores, folders, strict=True)
    )
    forgotten: list[str] = []
    second.on_refusal(lambda: forgotten.append("second"))
    assert second.latest() == 0.0
    first.add()
    clock.now += POLL_SECONDS
    assert (second.latest(), forgotten) == (clock.now - POLL_SECONDS, ["second"])


def test_another_key_has_no_refusal(tmp_path: Path) -> None:
    store = CacheStore(None, MemoryBackend())
    KeyRefusals("one", store, tmp_path).add()
    assert KeyRefusals("two", store, tmp_path).latest() == 0.0


def test_a_folder_that_cannot_be_written_does_not_prevent_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refusals = KeyRefusals("scope", CacheStore(None, None), tmp_path / "file", clock=Clock())
    refusals.add()
    assert refusals.latest() == Clock().now


def test_a_refused_write_is_forgotten_after_an_hour(tmp_path: Path) -> None:
    clock = Clock(1_000_000.0)
    store = CacheStore(None, None)
    refusals, other = (WriteRefusals("scope", store, tmp_path, clock=clock) for _ in range(2))
    assert refusals.current() == RefusedWrites()
    refusals.add(is_tags=False)
    clock.now += POLL_SECONDS
    assert other.current() == refusals.current() == RefusedWrites(tags=False, all=True)
    refusals.add(is_tags=True)
    clock.now += WRITE_SECONDS - 1
    assert refusals.current() == RefusedWrites(tags=True, all=False)
    clock.now += 1
    assert refusals.current() == RefusedWrites()
