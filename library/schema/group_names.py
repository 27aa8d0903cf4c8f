"""What the name of a file says about the files that it belongs with.

Frames of an animation end with a number, versions with `_v002` or `_FINAL`, the pictures of a
texture with what they are of: `_BaseColor`, `_N`. Names alone prove little: `grouping` compares the
pictures.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# Roles of the pictures of a texture set, in the order in which they are shown, and how names
# abbreviate them. Those of one or two letters are initials, which need a separator before them.
_ROLES: Final = {
    "base color": ("basecolor", "albedo", "diffuse", "diff", "color", "colour", "col", "bc", "d"),
    "normal": ("normal", "normalgl", "normaldx", "normalmap", "nor", "nrm", "norm", "n"),
    "roughness": ("roughness", "rough", "r"),
    "metallic": ("metallic", "metalness", "metal", "met", "m"),
    "ambient occlusion": ("ambientocclusion", "occlusion", "ao"),
    "height": ("height", "heightmap", "displacement", "disp", "bump", "h"),
    "packed": ("orm", "arm", "rma", "mra", "occlusionroughnessmetallic"),
    "specular": ("specular", "spec", "specularity"),
    "gloss": ("gloss", "glossiness"),
    "opacity": ("opacity", "alpha", "transparency"),
    "emissive": ("emissive", "emission", "emit"),
}
ROLES: Final = tuple(_ROLES)
_ROLE_OF: Final = {word: role for role, words in _ROLES.items() for word in words}
_INITIALS: Final = 2  # letters of a word that is not a word of its own

_NUMBER: Final = re.compile(r"(?P<head>.*?)[ _.\-]?(?P<number>[0-9]{1,6})")
# What follows the role in some packs: which way the normals point, and the size in pixels.
_DIRECTION: Final = re.compile(r"[ _.\-](?:gl|dx|opengl|directx)", re.IGNORECASE)
_AFTER_ROLE: Final = re.compile(
    rf"(?:{_DIRECTION.pattern}|[ _.\-](?:[0-9]{{1,2}}k|[0-9]{{3,4}}))+$", re.IGNORECASE
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HEAD: Final = r"(?P<head>.*[^ _.\-])"
_LAST_WORD: Final = re.compile(rf"{_HEAD}[ _.\-]+(?P<word>[^ _.\-]+)")
_NUMBERED: Final = re.compile(
    rf"{_HEAD}[ _.\-]+v(?:er(?:sion)?)?[ _.\-]?(?P<number>[0-9]{{1,4}})", re.IGNORECASE
)
_FINAL: Final = re.compile(rf"{_HEAD}[ _.\-]+final[ _.\-]?(?P<number>[0-9]{{0,2}})", re.IGNORECASE)
_COPY: Final = re.compile(
    rf"{_HEAD}(?:[ _.\-]+copy(?:[ _]?\(?(?P<number>[0-9]{{1,3}})\)?)?"
    r"|[ _]?\((?P<bare>[0-9]{1,3})\))",
    re.IGNORECASE,
)


class Numbered(NamedTuple):
    """A name that ends with a number."""

    head: str
    number: int


class Version(NamedTuple):
    """What the end of a name says about a version; `head` is the name without that.

    `is_stated`: by a version number or "final", not only as a copy.
    """

    head: str
    final: int = 0  # 1 for "final", 2 for "final2", ...
    number: int = -1
    copy: int = 0
    is_stated: bool = False


class Role(NamedTuple):
    """Which picture of a texture a name is of."""

    head: str
    role: str
    is_initial: bool


def numbered(stem: str) -> Numbered | None:
    """Return a name without its last number, and the number; None where it ends otherwise."""
    match = _NUMBER.fullmatch(stem)
    return Numbered(match["head"].lower(), int(match["number"])) if match else None


def version(stem: str) -> Version:
    """Return the version that a name states; any name may be the first of its versions."""
    found = Version(stem)
    while True:
        if match := _NUMBERED.fullmatch(found.head):
            if found.number < 0:
                found = found._replace(number=int(match["number"]))
            found = found._replace(head=match["head"], is_stated=True)
        elif match := _FINAL.fullmatch(found.head):
            final = max(found.final, int(match["number"] or 1))
            found = found._replace(head=match["head"], final=final, is_stated=True)
        elif match := _COPY.fullmatch(found.head):
            copy = int(match["number"] or match["bare"] or 1)
            found = found._replace(head=match["head"], copy=max(found.copy, copy))
        else:
            return found._replace(head=found.head.lower())


def role(stem: str) -> Role | None:
    """Return which picture of a texture a name is of; None for other names."""
    size = _AFTER_ROLE.search(stem)
    after = _DIRECTION.sub("", size[0]) if size else ""
    stem = stem[: size.start()] if size else stem
    for name in (stem, _CAMEL.sub("_", stem)):  # WoodFloor_BaseColor, woodFloorBaseColor
        if (found := _role(name)) is not None:
            return found._replace(head=found.head.replace("_", "").lower() + after.lower())
    return None


def _role(name: str) -> Role | None:
    match = _LAST_WORD.fullmatch(name)
    if match is None:
        return None
    word = match["word"].lower()
    before = _LAST_WORD.fullmatch(match["head"])  # `Base_Color`, `ambient occlusion`: two words
    if before is not None and (joined := before["word"].lower() + word) in _ROLE_OF:
        return Role(before["head"], _ROLE_OF[joined], is_initial=False)
    if word in _ROLE_OF:
        return Role(match["head"], _ROLE_OF[word], len(word) <= _INITIALS)
    return None
