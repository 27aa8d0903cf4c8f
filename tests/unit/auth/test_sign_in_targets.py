"""Short references to the targets of sign-ins."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlencode

import pytest

from app.auth.sign_in_targets import LONGEST, LONGEST_QUOTED, PLACES, SignInTargets
from app.storage.cache import CacheStore, MemoryBackend
from tests.support.users import NEW, OLD

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = random.Random(7)


def selection(count: int) -> str:
    """Return a link to so many assets, with random ids."""
    ids = ["asset_" + "".join(RANDOM.choices("abcdefghjkmnpqrstuvwxyz23456789", k=24))]
    return "/selection?" + urlencode([("id", f"{ids[0][:-3]}{n:03}") for n in range(count)])


def noise(length: int) -> str:
    """Return a path that cannot be compressed."""
    return "/?query=" + "".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?query=red%20castle&page=2",
        selection(90),
        selection(150),
        "/?query=" + quote("城" * 300),
        "/?query=城の夜と海" * 30,
        "/?" + "&" * 590,
        noise(700),
        noise(60_000),
    ],
    ids=lambda target: f"{target[:20]} {len(target)}",
)
def test_every_target_is_found_again(tmp_path: Path, target: str) -> None:
    """It is short on the way, and complete afterwards, also in another process."""
    reference = SignInTargets((OLD,), tmp_path, None).shortened(target)
    assert len(reference) <= LONGEST
    assert len(quote_plus(reference)) <= LONGEST_QUOTED
    found = SignInTargets((NEW, OLD), tmp_path, None).path(reference)
    assert found == quote(target, safe="/?=&%")


def test_other_machines_find_it_in_redis(tmp_path: Path) -> None:
    """Where machines share a cache, the folder of the other one is not needed."""
    cache = CacheStore(None, MemoryBackend())
    target = noise(2000)
    reference = SignInTargets((OLD,), tmp_path / "one", cache).shortened(target)
    assert SignInTargets((OLD,), tmp_path / "two", cache).path(reference) == target


@pytest.mark.parametrize("target", [noise(700), selection(40)], ids=["stored", "compressed"])
def test_forged_references(tmp_path: Path, target: str) -> None:
    """A reference that was not made with these keys, or was changed, is not known."""
    targets = SignInTargets((OLD,), tmp_path, None)
    reference = targets.shortened(target)
    changed = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    for forged in (changed, reference[:20], "~s.", "~c.", "~s." + "../" * 9, "~s." + "é" * 32):
        assert targets.path(forged) is None
    assert SignInTargets((NEW,), tmp_path, None).path(reference) is None


def test_targets_on_another_site(tmp_path: Path) -> None:
    """A target on another site is replaced by the first page."""
    targets = SignInTargets((OLD,), tmp_path, None)
    for target in ("//evil.example", "https://evil.example", "/\\evil.example" + "a" * 3000):
        assert targets.path(targets.shortened(target)) == "/"
        assert targets.path(target) == "/"


def test_store_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone can request a long address: the store has a fixed number of places."""
    monkeypatch.setattr("app.auth.sign_in_targets.PLACES", 5)
    assert PLACES == 1000
    targets = SignInTargets((OLD,), tmp_path, None)
    references = [targets.shortened(noise(700)) for _ in range(30)]
    assert len(list((tmp_path / "sign-in-targets").iterdir())) <= 5
    assert targets.path(references[-1]) is not None


def test_folder_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The target is lost, which is logged; the sign-in is not."""
    folder = tmp_path / "file"
    folder.touch()
    targets = SignInTargets((OLD,), folder, None)
    assert targets.path(targets.shortened(noise(700))) is None
    assert "cannot be written to AKIN_DATA" in caplog.text
