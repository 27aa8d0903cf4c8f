"""The file of users, the counting of wrong passwords, the keys of sessions, the users' names."""

from __future__ import annotations

import io
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import argon2
import pytest

from app.__main__ import main
from app.auth import sessions
from app.auth.attempts import Attempts
from app.auth.user import User
from app.auth.users import InvalidUser, Users
from app.errors import TooManyAttempts
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def users(tmp_path: Path) -> Users:
    """A file with one user."""
    made = Users(tmp_path / "data" / "users.json", QUICK)
    made.put("Ada", PASSWORD)
    return made


def test_password_fits(users: Users) -> None:
    """The name without regard to case, the password exactly; anything else is nobody."""
    tried = [
        users.check("ada", PASSWORD),
        users.check("ADA", PASSWORD),
        users.check("ada", PASSWORD.upper()),
        users.check("ada", ""),
        users.check("eve", PASSWORD),
        users.check("", ""),
    ]
    assert [stamp is not None for stamp in tried] == [True, True, False, False, False, False]


def test_file_has_hashes_for_its_owner_alone(users: Users, tmp_path: Path) -> None:
    """No password is in the file, and nobody else may read it."""
    path = tmp_path / "data" / "users.json"
    text = path.read_text()
    assert PASSWORD not in text
    assert json.loads(text)["ada"].startswith("$argon2id$")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["users.json"]
    assert users.names() == ["ada"]


def test_change_is_seen_by_other_workers(users: Users, tmp_path: Path) -> None:
    """A new password and a removed user are seen by whoever has read the file before."""
    other = Users(tmp_path / "data" / "users.json", QUICK)
    before = other.stamp("ada")
    users.put("ada", PASSWORD + "!")
    after = other.stamp("ada")
    users.remove("ADA")
    assert None not in {before, after}
    assert before != after
    assert other.stamp("ada") is None
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
def test_invalid_user(users: Users, name: str, password: str) -> None:
    """Odd names and short passwords are refused, and the file stays as it was."""
    with pytest.raises(InvalidUser):
        users.put(name, password)
    assert users.check("ada", PASSWORD)


def test_no_such_user(users: Users) -> None:
    """Nobody can be removed who is not there."""
    with pytest.raises(InvalidUser, match="no user eve"):
        users.remove("eve")


def test_broken_file(users: Users, tmp_path: Path) -> None:
    """A file that is no JSON object of hashes says so; a hash that is none lets nobody in."""
    path = tmp_path / "data" / "users.json"
    path.write_text('{"ada": "plain"}')
    assert users.check("ada", "plain") is None
    path.write_text("[]")
    with pytest.raises(ValueError, match=r"users\.json"):
        users.names()


def tries(attempts: Attempts, name: str, place: str, most: int = 200) -> int:
    """How many wrong passwords are admitted one after the other."""
    for count in range(most):
        try:
            attempts.admit(name, place)
        except TooManyAttempts:
            return count
        attempts.failed(name, place)
    return most


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes in which wrong passwords are forgotten."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.mark.usefixtures("still")
def test_wrong_passwords_are_slowed() -> None:
    """After a few the next has to wait, and is told how long."""
    attempts = Attempts()
    assert tries(attempts, "ada", "192.0.2.1") in range(4, 11)
    with pytest.raises(TooManyAttempts, match="Wait") as raised:
        attempts.admit("ADA", "192.0.2.1")
    assert raised.value.retry_after is not None
    assert raised.value.retry_after >= 1


def test_nobody_locks_out_another() -> None:
    """Somebody else's wrong passwords from another place leave mine alone."""
    attempts = Attempts()
    tries(attempts, "ada", "192.0.2.1")
    attempts.admit("ada", "192.0.2.2")
    attempts.admit("bob", "192.0.2.1")


@pytest.mark.usefixtures("still")
def test_many_names_from_one_place() -> None:
    """Trying one password with many names is slowed, too."""
    attempts = Attempts()
    admitted = sum(tries(attempts, f"user{number}", "192.0.2.1", 1) for number in range(100))
    assert admitted == 30


@pytest.mark.usefixtures("still")
def test_one_name_from_many_places() -> None:
    """And one name from many places."""
    attempts = Attempts()
    admitted = sum(tries(attempts, "ada", f"192.0.2.{number}", 1) for number in range(200))
    assert admitted == 60


@pytest.mark.usefixtures("still")
def test_counting_without_redis() -> None:
    """While Redis is away each worker counts for itself."""
    attempts = Attempts("redis://127.0.0.1:1/0?socket_connect_timeout=1")
    assert tries(attempts, "ada", "192.0.2.1") in range(4, 11)


def test_key_is_made_once(tmp_path: Path) -> None:
    """Workers that start at once agree on one key, which only its owner may read."""
    folder = tmp_path / "data"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: sessions.key_in(folder), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 43
    assert [each.name for each in folder.iterdir()] == ["secret-key"]
    assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("told", "user"),
    [
        (("ada",), User("ada", "ada")),
        (("ada@x", " Ada  L. "), User("ada@x", "Ada L.")),
        (("a\r\nb\x00\u202e",), User("ab", "ab")),
        (("ada", 3), User("ada", "ada")),
        (("",), None),
        ((None,), None),
        ((["ada"],), None),
        (("\x00",), None),
    ],
)
def test_names_are_one_line_of_text(told: tuple[object, ...], user: User | None) -> None:
    """Whatever a file, a provider or a proxy tells."""
    assert User.called(*told) == user


@pytest.mark.parametrize("kept", [None, "ada", [], ["ada"], [1, 2], {"id": "ada"}])
def test_odd_sessions_are_nobodys(kept: object) -> None:
    """A session of an older version is no error."""
    assert User.from_session(kept) is None


def test_user_survives_the_session() -> None:
    """What the cookie keeps is the user."""
    user = User("ada@studio.example", "Ada L.")
    assert User.from_session(user.to_session()) == user


def test_the_command_says_what_it_has_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new password is never given unseen."""
    monkeypatch.setenv("AKIN_DATA", str(tmp_path))
    monkeypatch.setenv("AKIN_AUTH", "password")
    for words in (["list"], ["add", "ada"], ["add", "ada"], ["list"], ["remove", "ada"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
        assert main(["user", *words]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Nobody can sign in yet: python -m app user add NAME",
        "ada can sign in.",
        "ada is there already, and gets a new password.",
        "ada has a new password, and is signed out everywhere.",
        "ada",
        "ada can sign in no more, and is signed out everywhere.",
    ]


def test_where_no_key_can_be_kept_it_is_asked_for(tmp_path: Path) -> None:
    """By the names of both settings, one of which can be mended."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InvalidSettings, match=r"AKIN_SECRET_KEYS is missing.*AKIN_DATA"):
        sessions.keys_of(Settings(data=tmp_path / "file" / "data"))
    given = Settings(data=tmp_path / "file" / "data", secret_keys=("a" * 32, "b" * 32))
    assert sessions.keys_of(given) == ("a" * 32, "b" * 32)
