"""Effects: what an edit really changes about one asset, which its undo reverts."""

from __future__ import annotations

from typing import Any

import msgspec


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tags, memberships of collections and fields that change; empty where nothing does."""

    added: tuple[str, ...] = ()  # tags
    deleted: tuple[str, ...] = ()
    collected: tuple[str, ...] = ()  # ids of collections
    uncollected: tuple[str, ...] = ()
    fields: dict[str, tuple[Any, Any]] = {}  # field of the API -> value before, and after

    def __bool__(self) -> bool:
        """True where something changes."""
        return self != Effect()

    def merged(self, later: Effect) -> Effect:
        """Return this effect and a later one together.

        Where others have changed a field in between, their value is the one before.
        """
        return Effect(
            added=_all(self.added, later.added),
            deleted=_all(self.deleted, later.deleted),
            collected=_all(self.collected, later.collected),
            uncollected=_all(self.uncollected, later.uncollected),
            fields=self.fields
            | {
                name: (self._before(name, before), after)
                for name, (before, after) in later.fields.items()
            },
        )

    def without(self, part: Effect) -> Effect:
        """Return this effect without a part of it."""
        return Effect(
            added=_left(self.added, part.added),
            deleted=_left(self.deleted, part.deleted),
            collected=_left(self.collected, part.collected),
            uncollected=_left(self.uncollected, part.uncollected),
            fields={name: each for name, each in self.fields.items() if name not in part.fields},
        )

    def _before(self, name: str, now: Any) -> Any:
        before, after = self.fields.get(name, (now, now))
        # None: as the file states, which reads as another value.
        return before if after is None or after == now else now

    def encode(self) -> str:
        """Return it as JSON."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, text: str) -> Effect:
        """Return the effect of its JSON; that of "" is empty."""
        return msgspec.json.decode(text, type=cls) if text else cls()


def _left(group: tuple[str, ...], out: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in group if each not in out)


def _all(*groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for group in groups for each in group))
