"""The home of a library and its secrets."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from library.home import BrokenHome, home_for, home_of, key_pair, signing_secret, write_atomically


def test_two_folders_of_the_same_name_have_different_homes(tmp_path: Path) -> None:
    first, second = (home_for(tmp_path, tmp_path / parent / "My Art!") for parent in ("a", "b"))
    assert first != second
    assert [home.name.rpartition("-")[0] for home in (first, second)] == ["my-art", "my-art"]
    assert home_for(tmp_path, None) == tmp_path / "libraries" / "demo"


def test_secrets_are_created_once_with_mode_0600(tmp_path: Path) -> None:
    pair, secret = key_pair(tmp_path), signing_secret(tmp_path)
    assert (key_pair(tmp_path), signing_secret(tmp_path)) == (pair, secret)
    assert pair.secret not in repr(pair)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in
             ("key.json", "signing.key")}  # fmt: skip
    assert modes == {"key.json": 0o600, "signing.key": 0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.json", "signing.key"]


@pytest.mark.parametrize("content", ["", "[]", '{"key": "a"}', "null"])
def test_a_damaged_key_file_is_reported_and_not_changed(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(BrokenHome, match="is not a key pair"):
        key_pair(tmp_path)
    assert (tmp_path / "key.json").read_text() == content


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "key.json"
    write_atomically(target, json.dumps({"old": True}).encode())
    with pytest.raises(TypeError):
        write_atomically(target, "text, not bytes")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]
    assert json.loads(target.read_bytes()) == {"old": True}


def test_a_folder_may_be_added_before_the_one_with_a_library(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert home_of(tmp_path, []) == home_for(tmp_path, None)
    assert home_of(tmp_path, [two, one]) == home_for(tmp_path, two)
    home_for(tmp_path, one).mkdir(parents=True)
    (home_for(tmp_path, one) / "identities.sqlite").touch()
    assert home_of(tmp_path, [two, one]) == home_for(tmp_path, one)
