"""A search as an Atom feed (RFC 4287): a page of hits under addresses that last.

Builds the value that templates/exports/feed.xml shows; knows nothing of HTTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app import words
from app.views.card import alternative, facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.assets import Asset, ResultPage
    from app.search import Search

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What XML 1.0 has no way to say, not even escaped (its production 2, "Char").
_UNSAYABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One asset; `image_url` is empty where it has to be asked for before it is seen."""

    title: str
    url: str
    published: str
    updated: str
    facts: str
    alt: str
    prompt: str
    image_url: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed; every address in it is absolute."""

    title: str
    url: str  # by which readers know it again
    self_url: str  # by which it was asked for
    page_url: str
    origin: str
    updated: str
    entries: tuple[Entry, ...]


def feed(
    search: Search, result: ResultPage, *, origin: str, address: Callable[[str], str] = str
) -> Feed:
    """Build the feed of a page of hits; `origin` is what its addresses begin with.

    `address` answers, for a path of the feed or of a picture in it, the one that a reader asks by.
    """
    entries = tuple(_entry(hit, search, origin, address) for hit in result.hits)
    path = search.url("/search.atom")
    return Feed(
        title=sayable(words.title(search)),
        url=origin + path,
        self_url=origin + address(path),
        page_url=origin + search.url(),
        origin=origin,
        updated=max((entry.updated for entry in entries), default=_spelled(_EPOCH)),
        entries=entries,
    )


def _entry(asset: Asset, search: Search, origin: str, address: Callable[[str], str]) -> Entry:
    url = f"{origin}/assets/{asset.id}"
    created = moment(asset.createdAt) or moment(asset.updatedAt) or _EPOCH
    is_hidden = bool(asset.nsfw) and search.nsfw != "show"
    return Entry(
        title=sayable(asset.name),
        url=url,
        published=_spelled(created),
        updated=_spelled(moment(asset.updatedAt) or created),
        facts=" · ".join(filter(None, (words.KINDS.get(asset.medium, asset.medium), facts(asset)))),
        alt=sayable(alternative(asset)),
        prompt=sayable(asset.metadata.prompt or ""),
        image_url="" if is_hidden else origin + address(f"/assets/{asset.id}/image"),
        tags=tuple(map(sayable, asset.tags)),
    )


def sayable(text: str) -> str:
    """A text without the characters that no XML document can hold."""
    return _UNSAYABLE.sub("", text)


def moment(text: str | None) -> datetime | None:
    """An ISO date and time, in UTC; None for what is none."""
    try:
        read = datetime.fromisoformat(text or "")
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _spelled(when: datetime) -> str:
    return when.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
