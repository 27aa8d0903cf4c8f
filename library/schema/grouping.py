"""Which assets of one folder belong together: frames, versions, texture sets, formats, duplicates.

Names propose a group and pictures confirm it: numbered tiles are no frames, and a downloaded
`image (1).png` is no version of `image.png` unless they look alike. What is doubtful is left alone,
because assets in a wrong group are harder to find than those in none. Pure functions.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from library.schema import group_names
from library.schema.likeness import (
    COMPARED,
    COPIES,
    FORMATS,
    FRAMES,
    NAMED_FRAMES,
    PICTURES,
    VERSIONS,
    Likeness,
    Member,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from library.schema.likeness import Vectors

VERSION: Final = 1  # of these rules; another one groups every folder again
Kind = Literal["frames", "versions", "textures", "formats", "duplicates"]

_FRAMES_LEAST: Final = 3
_PADDED: Final = 3  # digits of a number that may begin anywhere: 0101 to 0196 of a rendering
_PIXELS: Final = 256  # of the shorter side of pictures that are compared without a name
_DUPLICATES_MOST: Final = 4_000  # pictures of a folder that are compared with each other
_RATIO: Final = 0.02  # difference of the proportions of one picture in two formats
_MOTION: Final = re.compile(
    r"(?:anim(?:ation)?|attack|blink|burn|cast|climb|crouch|dance|dead|death|die|duck|explosion|"
    r"explode|fall|fire|fly|frame|hit|hop|hurt|idle|jump|kick|land|move|punch|roll|run|running|"
    r"shoot|slash|slide|spin|stand|swim|swing|turn|walk|walking)(?:left|right|up|down|[nsew])?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Assets that belong together, in the order in which they are shown."""

    kind: Kind
    key: str  # distinguishes the groups of a folder
    members: tuple[Member, ...]
    labels: tuple[str, ...]  # of the members: the number of a frame, the role of a texture, ...


def groups(members: Iterable[Member], vectors: Vectors) -> list[Group]:
    """Return the groups of a folder's assets; each asset is in one at most.

    Texture sets come first, then frames, versions, formats, and duplicates.
    """
    left = sorted(members, key=lambda each: (each.name.lower(), each.name, each.id))
    alike = Likeness(vectors)
    found: list[Group] = []
    for rule in (_textures, _frames, _versions, _formats, _duplicates):
        new = list(rule(left, alike))
        found += new
        taken = {each.id for group in new for each in group.members}
        left = [each for each in left if each.id not in taken]
    return found


def _textures(members: Sequence[Member], _alike: Likeness) -> Iterator[Group]:
    """Yield pictures of one size whose names differ in what they are of."""
    by_head: dict[Any, list[tuple[group_names.Role, Member]]] = defaultdict(list)
    for each in members:
        if each.kind in PICTURES and each.size and (found := group_names.role(each.stem)):
            by_head[found.head, each.size].append((found, each))
    for (head, size), parts in by_head.items():
        roles = {found.role for found, _ in parts}
        words = {found.role for found, _ in parts if not found.is_initial}
        # Initials alone prove little: `arrow_n`, `arrow_r` are directions.
        is_known = len(roles) >= 2 and (bool(words) or len(roles) >= 4)
        if is_known and {"base color", "normal", "roughness"} & roles:
            parts.sort(key=lambda part: group_names.ROLES.index(part[0].role))
            yield _group(
                "textures",
                f"{head} {size[0]}x{size[1]}",
                [(each, found.role) for found, each in parts],
            )


def _frames(members: Sequence[Member], alike: Likeness) -> Iterator[Group]:
    """Yield pictures with consecutive numbers of which each resembles the one before."""
    runs: dict[Any, list[tuple[int, Member]]] = defaultdict(list)
    for each in members:
        if each.kind in PICTURES and each.size:
            found = group_names.numbered(each.stem)
            if found is not None and not group_names.version(each.stem).is_stated:
                runs[found.head, each.suffix, each.size].append((found.number, each))
    for (head, suffix, _), numbered in runs.items():
        if len(numbered) < _FRAMES_LEAST:
            continue
        numbered.sort(key=lambda pair: pair[0])
        alike.prepare(each for _, each in numbered)
        least = NAMED_FRAMES if _MOTION.search(head) else FRAMES
        for run in _split(
            numbered,
            lambda one, other, least=least: (  # type: ignore[misc]
                other[0] == one[0] + 1 and alike(one[1], other[1], least)
            ),
        ):
            first, name = run[0][0], run[0][1].stem
            may_begin = first <= 1 or re.search(rf"[0-9]{{{_PADDED},}}\)?$", name)
            if len(run) >= _FRAMES_LEAST and may_begin:
                yield _group(
                    "frames",
                    f"{head}.{suffix} {first}",
                    [(each, str(number)) for number, each in run],
                )


def _split(items: Sequence[Any], continues: Callable[[Any, Any], bool]) -> Iterator[Sequence[Any]]:
    """Yield runs of items, each of which continues the one before."""
    start = 0
    for place, (one, other) in enumerate(pairwise(items), start=1):
        if not continues(one, other):
            yield items[start:place]
            start = place
    yield items[start:]


def _versions(members: Sequence[Member], alike: Likeness) -> Iterator[Group]:
    """Yield files whose names differ in a version, the newest first."""
    by_head: dict[Any, list[tuple[group_names.Version, Member]]] = defaultdict(list)
    for each in members:
        found = group_names.version(each.stem)
        by_head[found.head, "" if each.kind in PICTURES else each.kind].append((found, each))
    for (head, kind), versions in by_head.items():
        if not any(found.is_stated or found.copy for found, _ in versions):
            continue
        versions.sort(key=lambda pair: _newest(*pair), reverse=True)
        alike.prepare(each for _, each in versions)
        kept: list[tuple[group_names.Version, Member]] = []
        for found, each in versions:
            if not kept or any(_are_versions(found, each, *other, alike) for other in kept):
                kept.append((found, each))
        if len({found for found, _ in kept}) > 1:
            yield _group(
                "versions",
                f"{head} {kind}",
                [(each, _version_label(found)) for found, each in kept],
            )


def _are_versions(
    one: group_names.Version,
    first: Member,
    other: group_names.Version,
    second: Member,
    alike: Likeness,
) -> bool:
    is_stated = one.is_stated or other.is_stated
    is_copy = one.copy or other.copy
    if first.kind not in PICTURES:  # nothing to compare: the words have to be clear
        return first.digest == second.digest or (is_stated and not is_copy)
    return alike(first, second, VERSIONS if is_stated and not is_copy else COPIES)


def _newest(found: group_names.Version, member: Member) -> Any:
    return found.final, found.number, member.created, found.copy, member.name


def _version_label(found: group_names.Version) -> str:
    words = []
    if found.number >= 0:
        words.append(f"version {found.number}")
    if found.final:
        words.append("final" if found.final == 1 else f"final {found.final}")
    if found.copy:
        words.append(f"copy {found.copy}")
    return ", ".join(words) or "without a number"


def _formats(members: Sequence[Member], alike: Likeness) -> Iterator[Group]:
    """Yield pictures, or sounds, of one name in several formats, the largest first."""
    by_stem: dict[tuple[str, bool], list[Member]] = defaultdict(list)
    for each in members:
        if each.kind in COMPARED:
            by_stem[each.stem.lower(), each.kind in PICTURES].append(each)
    for (stem, is_picture), pictures in by_stem.items():
        if len({each.suffix for each in pictures}) < 2:
            continue
        alike.prepare(pictures)
        pictures.sort(key=lambda each: -_pixels(each))
        first = pictures[0]
        kept = [
            each
            for each in pictures
            if each is first or (_has_ratio(each, first) and alike(each, first, FORMATS))
        ]
        if len({each.suffix for each in kept}) > 1:
            labelled = [(each, each.suffix.upper()) for each in kept]
            yield _group("formats", f"{stem} {is_picture}", labelled)


def _pixels(member: Member) -> int:
    return member.size[0] * member.size[1] if member.size else 0


def _has_ratio(one: Member, other: Member) -> bool:
    if not one.size or not other.size:
        return one.size is other.size  # sounds have none
    ratio = one.size[0] * other.size[1] / (one.size[1] * other.size[0])
    return abs(ratio - 1) <= _RATIO


def _duplicates(members: Sequence[Member], alike: Likeness) -> Iterator[Group]:
    """Yield files of equal content, and large opaque pictures that hardly differ.

    Each resembles the first one: chains of small differences would join what is different.
    """
    counts = Counter(each.digest for each in members)
    large = [
        each
        for each in members
        if each.kind in PICTURES
        and each.lightness is None
        and each.size is not None
        and min(each.size) >= _PIXELS
    ]
    close: dict[str, list[Member]] = {}
    if 1 < len(large) <= _DUPLICATES_MOST:
        alike.prepare(large)
        seen = [each for each in large if alike.has(each)]
        if len(seen) > 1:
            rows = alike.matrix(seen)
            for place, each in enumerate(seen):
                others = np.flatnonzero(rows[place])
                close[each.id] = [seen[at] for at in others.tolist() if _has_ratio(each, seen[at])]
    by_digest: dict[str, list[Member]] = defaultdict(list)
    for each in members:
        if counts[each.digest] > 1:
            by_digest[each.digest].append(each)
    taken: set[str] = set()
    for first in sorted(members, key=lambda each: (-_pixels(each), each.created, each.name)):
        if first.id in taken:
            continue
        near = {each.id: each for each in (first, *close.get(first.id, ()))}
        copies = [each for other in near.values() for each in by_digest[other.digest]]
        near |= {each.id: each for each in copies}
        chosen = [each for each in near.values() if each.id not in taken]
        if len(chosen) > 1:
            taken |= near.keys()
            yield _group("duplicates", first.name, [(each, "") for each in chosen])


def _group(kind: Kind, key: str, labelled: Sequence[tuple[Member, str]]) -> Group:
    return Group(
        kind, key, tuple(each for each, _ in labelled), tuple(label for _, label in labelled)
    )
