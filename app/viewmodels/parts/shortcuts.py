"""The keys of the whole application, in one table: the help shows it, the scripts read it there.

`static/js/keys.js` takes from the help which key means which action, so both are the same. A key
has one action in a place: with the focus on a card, on an asset page outside its rows of cards, on
a page that answers a review, or on another page.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from app.query.edits import Level

Place = Literal["card", "asset", "page", "picture", "review"]

ANYWHERE: Final[tuple[Place, ...]] = ("card", "asset", "page", "review")
_LABELS: Final = {
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "Escape": "Esc",
}


class Shortcut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Keys with one meaning.

    `keys` are names of `KeyboardEvent.key`, with "Space", and "Ctrl+" or "Shift+" before them.
    `action` is the name of a function of `keys.js`; without one, the browser or the element itself
    does what `words` say. `gesture` is what the pointer does meanwhile, or what fingers do without
    a key. Who may not change what it `needs` does not see it.
    """

    keys: tuple[str, ...] = ()
    words: str
    places: tuple[Place, ...] = ANYWHERE
    action: str = ""
    gesture: str = ""
    needs: Level = Level.OFF  # what the user must be allowed to change

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """What is printed on each key; several for a combination of keys."""
        return tuple(
            tuple(_LABELS.get(part, part) for part in (key.split("+") if len(key) > 1 else key))
            for key in self.keys
        )


class ShortcutGroup(msgspec.Struct, frozen=True, gc=False):
    """The keys below one heading of the help."""

    title: str
    shortcuts: tuple[Shortcut, ...]

    def allowed(self, level: Level) -> tuple[Shortcut, ...]:
        """Return the shortcuts of a user who may change so much."""
        return tuple(each for each in self.shortcuts if each.needs <= level)


_ARROWS: Final = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")

_SHIFT_ARROWS: Final = tuple(f"Shift+{key}" for key in _ARROWS)

SHORTCUTS: Final = (
    ShortcutGroup(
        "Everywhere",
        (
            Shortcut(keys=("/",), action="write", words="edit the search text"),
            Shortcut(keys=("[",), action="previous", words="previous page or asset"),
            Shortcut(keys=("]",), action="next", words="next page or asset"),
            Shortcut(
                keys=("g",), action="background", words="next background for transparent pictures"
            ),
            Shortcut(
                keys=("b",),
                action="collections",
                places=("card", "page"),
                words="show or hide the collections",
            ),
            Shortcut(keys=("Escape",), action="leave", words="close, or go back"),
            Shortcut(keys=("?",), action="help", words="show this help"),
        ),
    ),
    ShortcutGroup(
        "Pictures",
        (
            Shortcut(
                keys=_ARROWS, action="move", places=("card", "page"), words="move between pictures"
            ),
            Shortcut(keys=("Enter",), places=("card",), words="open"),
            Shortcut(
                keys=("Space",),
                action="quickLook",
                places=("card",),
                words="quick look: large, in place; sound and video play; again: close",
            ),
            Shortcut(
                keys=("v",),
                action="group",
                places=("card", "asset"),
                words="play, tile or step through a group of files; again: stop",
            ),
            Shortcut(keys=("x",), action="select", places=("card",), words="select"),
            Shortcut(
                keys=("Shift",),
                gesture="and click",
                places=("card",),
                words="select; a second one, all in between; and drag: a rubber band",
            ),
            Shortcut(
                keys=_SHIFT_ARROWS, action="extend", places=("card",), words="select up to the next"
            ),
            Shortcut(
                keys=("Ctrl+a",),
                action="selectAll",
                places=("card",),
                words="select all of the page; again: all results",
            ),
            Shortcut(
                keys=("d",),
                action="compare",
                places=("card", "page"),
                words="compare the selected pictures, eight at most",
            ),
            Shortcut(keys=("s",), action="similar", places=("card", "asset"), words="find similar"),
            Shortcut(keys=("l",), action="like", places=("card",), words="more like this"),
            Shortcut(keys=("u",), action="unlike", places=("card",), words="less like this"),
            Shortcut(keys=("w",), action="explain", places=("card",), words="why is this here?"),
            Shortcut(
                keys=("Ctrl+c",),
                action="copyPicture",
                places=("card", "asset"),
                words="copy the picture, where no text is selected",
            ),
            Shortcut(
                keys=("Ctrl+Shift+c",),
                action="copyLink",
                places=("card", "asset"),
                words="copy the link",
            ),
            Shortcut(
                keys=("Ctrl",),
                gesture="and click",
                places=("card",),
                words="open in a new tab; while something is selected: select (⌘ on a Mac)",
            ),
        ),
    ),
    ShortcutGroup(
        "Decisions: the focused picture, or the selection that it belongs to",
        (
            Shortcut(
                keys=("1", "2", "3", "4", "5"),
                action="rate",
                places=("card", "asset"),
                words="stars, then the next picture",
                needs=Level.TAGS,
            ),
            Shortcut(
                keys=("0",),
                action="rate",
                places=("card", "asset"),
                words="remove the stars",
                needs=Level.TAGS,
            ),
            Shortcut(
                keys=("p",),
                action="pick",
                places=("card", "asset"),
                words="pick; again, no label",
                needs=Level.TAGS,
            ),
            Shortcut(
                keys=("r",),
                action="reject",
                places=("card", "asset"),
                words="reject; again, no label",
                needs=Level.TAGS,
            ),
            Shortcut(
                keys=("t",),
                action="tag",
                places=("card", "asset"),
                words="add a tag",
                needs=Level.TAGS,
            ),
            Shortcut(
                keys=("c",),
                action="collect",
                places=("card", "asset"),
                words="add to a collection",
                needs=Level.ALL,
            ),
            Shortcut(
                keys=("Ctrl+z",), action="undo", words="undo the last change", needs=Level.TAGS
            ),
        ),
    ),
    ShortcutGroup(
        "Page of an asset",
        (
            Shortcut(
                keys=("ArrowLeft",), action="previous", places=("asset",), words="previous asset"
            ),
            Shortcut(keys=("ArrowRight",), action="next", places=("asset",), words="next asset"),
            Shortcut(keys=("Space",), action="play", places=("asset",), words="play, pause"),
            Shortcut(
                keys=("i",),
                action="inspect",
                places=("asset",),
                words="inspect pixels: zoom, tiles, channels, grid, colours",
            ),
            Shortcut(
                keys=("o",),
                action="showInFolder",
                places=("asset",),
                words="show the file in its folder (on the machine of the files)",
            ),
            Shortcut(
                keys=("Shift+c",),
                action="copyPath",
                places=("asset",),
                words="copy the path of the file (there, too)",
            ),
            Shortcut(
                keys=("+", "-"),
                places=("picture",),
                words="zoom the focused picture, also in quick look (Tab)",
            ),
            Shortcut(keys=_ARROWS, places=("picture",), words="move the zoomed picture"),
        ),
    ),
    ShortcutGroup(
        "Review",
        (
            Shortcut(keys=("y",), action="answer", places=("review",), words="yes"),
            Shortcut(keys=("m",), action="answer", places=("review",), words="maybe"),
            Shortcut(keys=("n",), action="answer", places=("review",), words="no"),
            Shortcut(keys=("c",), action="comment", places=("review",), words="write a comment"),
            Shortcut(keys=_ARROWS, action="step", places=("review",), words="previous, next asset"),
        ),
    ),
    ShortcutGroup(
        "Touch screens",
        (
            Shortcut(
                gesture="long press",
                places=("card",),
                words="select; then each tap selects, until nothing is selected",
            ),
            Shortcut(
                gesture="swipe left, right",
                places=("picture",),
                words="next, previous asset: on its page and in quick look",
            ),
            Shortcut(
                gesture="pinch, double tap",
                places=("picture",),
                words="zoom the large picture; compared pictures together",
            ),
            Shortcut(gesture="one finger", places=("picture",), words="move the zoomed picture"),
        ),
    ),
)
