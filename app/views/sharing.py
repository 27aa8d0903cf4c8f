"""Sharing: the addresses under which a page is handed on, and what its preview shows.

Every address is absolute, for those who read it without having been here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.search import Search


@dataclass(frozen=True, slots=True)
class Preview:
    """What a messenger shows of a link; `image_url` is empty where no picture may be shown."""

    title: str
    description: str
    url: str
    image_url: str
    image_size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a search is handed on."""

    preview: Preview
    url: str
    json_url: str
    csv_url: str
    atom_url: str
    code_url: str


def sharing(
    search: Search, *, title: str, count: str, origin: str, preview_size: tuple[int, int] | None
) -> Sharing:
    """The addresses of a search; `preview_size` is that of its picture, None: it shows none."""
    return Sharing(
        preview=Preview(
            title=title,
            description=count or "Pictures",
            url=origin + search.url(),
            image_url=origin + search.url("/search.png") if preview_size else "",
            image_size=preview_size,
        ),
        url=search.url(),
        json_url=search.url("/search.json"),
        csv_url=search.url("/search.csv"),
        atom_url=search.url("/search.atom"),
        code_url=search.url("/code"),
    )
