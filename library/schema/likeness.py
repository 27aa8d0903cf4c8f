"""How alike two assets have to be to belong together, by their descriptors and their content.

The thresholds are cosines of the descriptors of subject and look, chosen on the demo pack
(`docs/benchmarks.md`, "Groups"). Pure functions over vectors that the caller reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

PICTURES: Final = frozenset({"image", "image-hdr"})
COMPARED: Final = PICTURES | {"audio"}  # what has descriptors: those of sounds are of waveforms

_LIGHT: Final = 0.9  # lightness of a picture that may be invisible on the descriptors' white ground
_BLANK: Final = 0.999  # cosines of two such pictures that may just both be invisible


class Alike(NamedTuple):
    """The least cosines of two pictures that belong together."""

    subject: float
    look: float


FRAMES: Final = Alike(0.945, 0.965)
NAMED_FRAMES: Final = Alike(0.80, 0.85)  # whose name ends with a motion
VERSIONS: Final = Alike(0.60, 0.50)
COPIES: Final = Alike(0.97, 0.97)  # with "copy" or "(1)" in the name
FORMATS: Final = Alike(0.85, 0.80)
DUPLICATES: Final = Alike(0.995, 0.995)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What is known about one asset of a folder."""

    id: str
    name: str  # of its file
    kind: str
    size: tuple[int, int] | None  # width and height in pixels
    created: str  # ISO 8601
    digest: str  # of its content
    lightness: float | None = None  # of a picture with transparency

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def suffix(self) -> str:
        """The suffix of the name in lower case."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


class Vectors(Protocol):
    """Descriptors of pictures, of unit length."""

    def __call__(self, space: str, ids: Sequence[str]) -> dict[str, Floats]:
        """Return id -> vector of "subject" or "look", for those that have one."""


class Likeness:
    """Whether pictures are alike; reads each vector once."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._known: dict[str, dict[str, Floats]] = {"subject": {}, "look": {}}

    def prepare(self, members: Iterable[Member]) -> None:
        """Read the vectors of pictures that will be compared."""
        ids = [each.id for each in members if each.kind in COMPARED]
        for space in self._known:
            missing = [each for each in ids if each not in self._known[space]]
            if missing:
                self._known[space] |= self._vectors(space, missing)

    def __call__(self, one: Member, other: Member, least: Alike) -> bool:
        """Return whether two assets are as alike; false for pictures that cannot be compared."""
        if one.digest == other.digest:
            return True
        cosines = []
        for known in self._known.values():
            first, second = known.get(one.id), known.get(other.id)
            if first is None or second is None:
                return False
            cosines.append(float(first @ second))
        if _is_light(one) and _is_light(other) and min(cosines) >= _BLANK:
            return False
        return all(cosine >= bound for cosine, bound in zip(cosines, least, strict=True))

    def matrix(self, members: Sequence[Member]) -> NDArray[np.bool_]:
        """Return (n, n) whether two members are duplicates, for members with vectors."""
        parts = [np.stack([known[each.id] for each in members]) for known in self._known.values()]
        close = [part @ part.T >= bound for part, bound in zip(parts, DUPLICATES, strict=True)]
        both: NDArray[np.bool_] = close[0] & close[1]
        return both

    def has(self, member: Member) -> bool:
        """Return whether a member has all vectors."""
        return all(member.id in known for known in self._known.values())


def _is_light(member: Member) -> bool:
    return member.lightness is not None and member.lightness >= _LIGHT
