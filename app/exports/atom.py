"""A page of a search as an Atom feed (RFC 4287), with permanent addresses.

Builds the value that templates/exports/atom.xml renders. The ids are `tag:` URIs (RFC 4151) without
the host: a reader that requests the feed by another scheme or host finds no new entries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.query.fields import KINDS
from app.services.asset_text import alt_text, short_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.query.search import Search
    from app.scenario.assets import Asset, ResultPage

# The naming authority of the ids, with a date as RFC 4151 requires. It never changes.
_AUTHORITY: Final = "akin.invalid,2026"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Characters that XML 1.0 cannot contain, not even escaped (production 2, "Char").
_INVALID: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One asset; `image_url` is empty for sensitive pictures that are blurred on pages."""

    id: str
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
    """A feed. All addresses are absolute."""

    id: str  # the same for every reader
    title: str
    self_url: str  # the requested address
    page_url: str
    origin: str
    updated: str
    entries: tuple[FeedEntry, ...]


def feed(
    search: Search, result: ResultPage, *, origin: str, address: Callable[[str], str] = str
) -> Feed:
    """Build the feed of a page of hits; `origin` is what its addresses begin with.

    `address` returns the address by which a reader requests the path of the feed or of a picture.
    """
    entries = tuple(_entry(hit, search, origin, address) for hit in result.hits)
    path = search.url("/search.atom")
    return Feed(
        id=tag_uri(path),
        title=xml_text(describe.title(search)),
        self_url=origin + address(path),
        page_url=origin + search.url(),
        origin=origin,
        updated=max((entry.updated for entry in entries), default=_formatted(_EPOCH)),
        entries=entries,
    )


def _entry(asset: Asset, search: Search, origin: str, address: Callable[[str], str]) -> FeedEntry:
    path = f"/assets/{asset.id}"
    created = utc_time(asset.createdAt) or utc_time(asset.updatedAt) or _EPOCH
    is_hidden = bool(asset.nsfw) and search.nsfw != "show"
    return FeedEntry(
        id=tag_uri(path),
        title=xml_text(asset.name),
        url=origin + path,
        published=_formatted(created),
        updated=_formatted(utc_time(asset.updatedAt) or created),
        facts=" · ".join(filter(None, (KINDS.get(asset.medium, asset.medium), short_facts(asset)))),
        alt=xml_text(alt_text(asset)),
        prompt=xml_text(asset.metadata.prompt or ""),
        image_url="" if is_hidden else origin + address(f"{path}/image"),
        tags=tuple(map(xml_text, asset.tags)),
    )


def tag_uri(path: str) -> str:
    """Return the id of what is at a path of this application, whatever the host."""
    return f"tag:{_AUTHORITY}:{path}"


def xml_text(text: str) -> str:
    """Return a text without the characters that XML cannot contain."""
    return _INVALID.sub("", text)


def utc_time(text: str | None) -> datetime | None:
    """Parse an ISO date and time, in UTC; None if it is not one."""
    try:
        time = datetime.fromisoformat(text or "")
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _formatted(when: datetime) -> str:
    return when.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
