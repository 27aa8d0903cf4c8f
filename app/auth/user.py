"""User: an authenticated person."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated person: `id` identifies them in the backend, `name` is shown."""

    id: str
    name: str

    @classmethod
    def parse(cls, identity: object, name: object = None) -> User | None:
        """Return the user that a file, a provider or a proxy names, or None.

        An identity with control characters, or one that is too long, is refused: cleaned or cut
        it would be the identity of another account.
        """
        clean_id, clean_name = printable(identity), printable(name)
        if not clean_id or not isinstance(identity, str) or clean_id != identity.strip(" "):
            return None
        return cls(clean_id, clean_name or clean_id)

    @classmethod
    def from_session(cls, content: Any) -> User | None:
        """Return the user that `to_session` stored, or None for other content."""
        return cls.parse(*content[:2]) if isinstance(content, list) and len(content) >= 2 else None

    def to_session(self) -> list[str]:
        """Return what the session cookie stores."""
        return [self.id, self.name]


def printable(text: object) -> str:
    """Return one bounded line of text without control characters; "" for anything else."""
    if not isinstance(text, str):
        return ""
    clean = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    return " ".join(clean.split())[:MAX_NAME]
