"""The icons of the pages: one sprite, from the package."""

from __future__ import annotations

import re

from app.web import icons


def test_every_icon_is_in_the_sprite() -> None:
    """Each has a drawing, which the file of a single icon contains as well."""
    sprite = icons.sprite()
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == list(icons.NAMES)
    for name in icons.NAMES:
        drawing = icons.drawing(name)
        assert drawing.startswith("<")
        assert drawing in sprite
        assert drawing in icons.standalone(name)


def test_the_digest_is_short_and_stays() -> None:
    """It is part of an address that browsers cache for a year."""
    assert re.fullmatch(r"[0-9a-f]{16}", icons.digest())
    assert icons.digest() == icons.digest()
