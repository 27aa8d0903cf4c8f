"""Display: how the results of a search are shown, beside what is searched.

A small frozen value that stands in the same address as the `Search` and never reaches the API:
`take` lifts its pairs out of a query string before `Search.read` sees the rest, `url` spells both.
A new way of showing results is one field here, with its word in `_READERS` and `pairs`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from app.errors import Problem
from app.reading import is_id
from app.search import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.search import Pairs, Search

MOST_UNFOLDED: Final = 50
PARAMETERS: Final = ("density", "ground", "names", "endless", "stacks", "unfold")

Density = Literal["small", "medium", "large"]
DENSITIES: Final[tuple[Density, ...]] = get_args(Density)
Ground = Literal["page", "light", "dark", "checkered"]
GROUNDS: Final[dict[Ground, str]] = {
    "page": "As the page",
    "light": "Light",
    "dark": "Dark",
    "checkered": "Checkered",
}
_CHOICES: Final = {"density": DENSITIES, "ground": tuple(GROUNDS)}
_ON: Final = frozenset({"on", "true", "1"})
_OFF: Final = frozenset({"off", "false", "0", ""})


@dataclass(frozen=True, slots=True)
class Display:
    """`density`: how high rows are; `endless`: the next page follows below.

    `names`: what each asset is called stands below its picture, and not only under the pointer.
    `ground`: what transparent pictures are seen on; `page`, on the page itself.
    `stacks`: results of one job or prompt are one stack; `unfold`: those that lie open.
    """

    density: Density = "medium"
    ground: Ground = "page"
    names: bool = False
    endless: bool = False
    stacks: bool = False
    unfold: tuple[str, ...] = ()  # the ids of the first assets of open stacks

    def __post_init__(self) -> None:
        """Bring the value into its one normal form."""
        unfold = tuple(sorted(set(self.unfold)))[:MOST_UNFOLDED] if self.stacks else ()
        object.__setattr__(self, "unfold", unfold)

    def pairs(self) -> Pairs:
        """Spell it as name-value pairs, in canonical order; nothing for the default."""
        pairs: list[tuple[str, str]] = []
        if self.density != "medium":
            pairs.append(("density", self.density))
        if self.ground != "page":
            pairs.append(("ground", self.ground))
        pairs += [(name, "on") for name in ("names", "endless", "stacks") if getattr(self, name)]
        return (*pairs, *(("unfold", each) for each in self.unfold))

    def suffix(self, search: Search) -> str:
        """The canonical query of a search shown this way, with its question mark; may be empty."""
        query = spelled((*search.pairs(), *self.pairs()))
        return f"?{query}" if query else ""

    def url(self, search: Search, path: str = "/") -> str:
        """The canonical address of a search shown this way."""
        return path + self.suffix(search)

    @classmethod
    def take(
        cls, pairs: Iterable[tuple[str, str]]
    ) -> tuple[Self, list[tuple[str, str]], list[Problem]]:
        """Lift the display out of pairs; answers it, the pairs left, and what was wrong."""
        fields: dict[str, Any] = {}
        unfold: list[str] = []
        rest: list[tuple[str, str]] = []
        problems: list[Problem] = []
        for name, value in pairs:
            if name not in PARAMETERS:
                rest.append((name, value))
            elif name == "unfold":
                if is_id(value):
                    unfold.append(value)
            elif name in _CHOICES:
                if value in _CHOICES[name]:
                    fields[name] = value
                elif value:
                    message = f"It is one of {', '.join(_CHOICES[name])}."
                    problems.append(Problem(name, value[:200], message))
            else:
                fields[name] = value.lower() in _ON
                if value.lower() not in _ON | _OFF:
                    problems.append(Problem(name, value[:200], "It is on or off."))
        return cls(**fields, unfold=tuple(unfold)), rest, problems

    # its neighbours

    @property
    def lasting(self) -> Self:
        """What another page or another search keeps: not which stacks lie open."""
        return replace(self, unfold=())

    def with_(self, **changes: Any) -> Self:
        """This display with other values."""
        return replace(self, **changes)

    def unfolding(self, asset_id: str) -> Self:
        """With one more stack open."""
        return replace(self, unfold=(*self.unfold, asset_id))

    def folding(self, asset_id: str) -> Self:
        """With one stack closed again."""
        return replace(self, unfold=tuple(each for each in self.unfold if each != asset_id))
