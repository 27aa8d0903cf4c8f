"""User: who is signed in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

MOST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may come in: `id` is what the mode knows them by, `name` what is shown."""

    id: str
    name: str

    @classmethod
    def called(cls, identity: object, name: object = None) -> User | None:
        """Make a user of what a file, a provider or a proxy tells; None where it tells nothing."""
        known, shown = _printable(identity), _printable(name)
        return cls(known, shown or known) if known else None

    @classmethod
    def from_session(cls, kept: Any) -> User | None:
        """Read what `to_session` kept; None where it is nothing of the kind."""
        return cls.called(*kept[:2]) if isinstance(kept, list) and len(kept) >= 2 else None

    def to_session(self) -> list[str]:
        """What the signed cookie keeps."""
        return [self.id, self.name]


def _printable(text: object) -> str:
    """One line of text without control characters, bounded; empty for anything else."""
    if not isinstance(text, str):
        return ""
    clean = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    return " ".join(clean.split())[:MOST_NAME]
