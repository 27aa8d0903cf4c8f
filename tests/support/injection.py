"""Texts that try to break out of HTML, and a check for markup that no template contains."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bs4 import Tag

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

BREAKOUTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% include 'x' %}",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "-->\u2028<script>alert(1)</script>",
)


def foreign(soup: BeautifulSoup) -> list[str]:
    """Return scripts, event handlers and URL schemes that no template contains."""
    found = [str(tag) for tag in soup.find_all("script") if not str(tag.get("src")).startswith("/")]
    for tag in soup.find_all(True):
        assert isinstance(tag, Tag)
        found += [f"{tag.name} {name}" for name in tag.attrs if name.startswith("on")]
        for name in ("href", "src", "action", "formaction", "poster", "srcset"):
            scheme = urlsplit(str(tag.get(name, "")).strip()).scheme.lower()
            if scheme not in {"", "http", "https"}:
                found.append(f"{tag.name} {name}={tag[name]}")
    return found
