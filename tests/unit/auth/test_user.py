"""Users: parsing names, storing them in sessions."""

from __future__ import annotations

import pytest

from app.auth.user import User


@pytest.mark.parametrize(
    ("values", "user"),
    [
        (("ada",), User("ada", "ada")),
        (("ada@x", " Ada  L. "), User("ada@x", "Ada L.")),
        (("ada@x", "Ada\r\n L.\x00\u202e"), User("ada@x", "Ada L.")),
        (("a\r\nb",), None),
        (("ada\x00@x",), None),
        (("ada\u202e@x",), None),
        (("a" * 201,), None),
        (("ada", 3), User("ada", "ada")),
        (("",), None),
        ((None,), None),
        ((["ada"],), None),
        (("\x00",), None),
    ],
)
def test_parse(values: tuple[object, ...], user: User | None) -> None:
    """Names are cleaned; identities with control characters, or too long, are refused."""
    assert User.parse(*values) == user


@pytest.mark.parametrize("content", [None, "ada", [], ["ada"], [1, 2], {"id": "ada"}])
def test_invalid_session_content(content: object) -> None:
    """Session content of another form is no user."""
    assert User.from_session(content) is None


def test_session_round_trip() -> None:
    """Storing and reading a user returns an equal user."""
    user = User("ada@studio.example", "Ada L.")
    assert User.from_session(user.to_session()) == user
