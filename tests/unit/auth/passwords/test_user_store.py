"""User store: names and password hashes in a file."""

from __future__ import annotations

import io
import json
import stat
from typing import TYPE_CHECKING

import argon2
import pytest

from app.__main__ import main
from app.auth.passwords.user_store import InvalidUser, UserStore

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def users(tmp_path: Path) -> UserStore:
    """A store with one user."""
    users = UserStore(tmp_path / "data" / "users.json", QUICK)
    users.set_password("Ada", PASSWORD)
    return users


def test_verify(users: UserStore) -> None:
    """The name is compared without regard to case, the password exactly."""
    fingerprints = [
        users.verify("ada", PASSWORD),
        users.verify("ADA", PASSWORD),
        users.verify("ada", PASSWORD.upper()),
        users.verify("ada", ""),
        users.verify("eve", PASSWORD),
        users.verify("", ""),
    ]
    assert [each is not None for each in fingerprints] == [True, True, False, False, False, False]


def test_file_is_private_and_has_hashes(users: UserStore, tmp_path: Path) -> None:
    """The file contains no password, and only its owner may read it."""
    path = tmp_path / "data" / "users.json"
    text = path.read_text()
    assert PASSWORD not in text
    assert json.loads(text)["ada"].startswith("$argon2id$")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["users.json"]
    assert users.names() == ["ada"]


def test_other_processes_see_changes(users: UserStore, tmp_path: Path) -> None:
    """Another process sees a new password and a removed user."""
    other = UserStore(tmp_path / "data" / "users.json", QUICK)
    before = other.fingerprint("ada")
    users.set_password("ada", PASSWORD + "!")
    after = other.fingerprint("ada")
    users.remove("ADA")
    assert None not in {before, after}
    assert before != after
    assert other.fingerprint("ada") is None
    assert other.names() == []


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("", PASSWORD),
        ("a b", PASSWORD),
        ("a\n", PASSWORD),
        ("x" * 65, PASSWORD),
        ("<b>", PASSWORD),
        ("ada", "short"),
        ("ada", "x" * 1001),
    ],
)
def test_invalid_user(users: UserStore, name: str, password: str) -> None:
    """Invalid names and short passwords are refused, and the file is unchanged."""
    with pytest.raises(InvalidUser):
        users.set_password(name, password)
    assert users.verify("ada", PASSWORD)


def test_remove_unknown_user(users: UserStore) -> None:
    """Removing an unknown name raises InvalidUser."""
    with pytest.raises(InvalidUser, match="no user eve"):
        users.remove("eve")


def test_broken_file(users: UserStore, tmp_path: Path) -> None:
    """An invalid file raises ValueError; an invalid hash matches no password."""
    path = tmp_path / "data" / "users.json"
    path.write_text('{"ada": "plain"}')
    assert users.verify("ada", "plain") is None
    path.write_text("[]")
    with pytest.raises(ValueError, match=r"users\.json"):
        users.names()


def test_user_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command prints what it changed."""
    monkeypatch.setenv("AKIN_DATA", str(tmp_path))
    monkeypatch.setenv("AKIN_AUTH", "password")
    for words in (["list"], ["add", "ada"], ["add", "ada"], ["list"], ["remove", "ada"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
        assert main(["user", *words]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "There are no users yet. Add one: python -m app user add NAME",
        "ada can sign in.",
        "ada exists already and gets a new password.",
        "ada has a new password, and is signed out everywhere.",
        "ada",
        "ada has been removed, and is signed out everywhere.",
    ]
