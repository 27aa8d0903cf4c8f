"""How the results of a search are displayed.

A `Display` is part of the same address as the `Search` and is never sent to the API: `take` removes
its pairs from a query string before `Search.read` parses the rest, `url` serializes both. A new
setting is one field here, its name in `PARAMETERS` and in `pairs`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from app.errors import Problem
from app.query.params import is_id
from app.query.search import urlencoded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.query.search import Pairs, Search

MOST_UNFOLDED: Final = 50
PARAMETERS: Final = ("density", "ground", "names", "endless", "groups", "stacks", "unfold")

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
    """The display settings, normalised.

    `density`: the height of rows. `ground`: the background of transparent pictures; `page` is that
    of the page. `names`: names are always visible, not only on hover. `endless`: the next page is
    appended below. `groups`: files that belong together are one card, where the API is Akin's own
    library. `stacks`: results of one job or prompt are one stack; `unfold`: the open ones.
    """

    density: Density = "medium"
    ground: Ground = "page"
    names: bool = False
    endless: bool = False
    groups: bool = True
    stacks: bool = False
    unfold: tuple[str, ...] = ()  # the ids of the first assets of open stacks

    def __post_init__(self) -> None:
        """Normalise: equal settings are equal values."""
        unfold = tuple(sorted(set(self.unfold)))[:MOST_UNFOLDED] if self.stacks else ()
        object.__setattr__(self, "unfold", unfold)

    def pairs(self) -> Pairs:
        """Return the settings as name-value pairs in canonical order, without the defaults."""
        pairs: list[tuple[str, str]] = []
        if self.density != "medium":
            pairs.append(("density", self.density))
        if self.ground != "page":
            pairs.append(("ground", self.ground))
        pairs += [(name, "on") for name in ("names", "endless") if getattr(self, name)]
        pairs += [] if self.groups else [("groups", "off")]
        pairs += [("stacks", "on")] if self.stacks else []
        return (*pairs, *(("unfold", each) for each in self.unfold))

    def suffix(self, search: Search) -> str:
        """The canonical query string of a search and this display, with its `?`; may be empty."""
        query = urlencoded((*search.pairs(), *self.pairs()))
        return f"?{query}" if query else ""

    def url(self, search: Search, path: str = "/") -> str:
        """The canonical address of a search and this display."""
        return path + self.suffix(search)

    @classmethod
    def take(
        cls, pairs: Iterable[tuple[str, str]]
    ) -> tuple[Self, list[tuple[str, str]], list[Problem]]:
        """Return the display that pairs contain, the other pairs, and the problems found."""
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
            elif value.lower() in _ON | _OFF:
                fields[name] = value.lower() in _ON
            else:
                problems.append(Problem(name, value[:200], "It is on or off."))
        return cls(**fields, unfold=tuple(unfold)), rest, problems

    @property
    def lasting(self) -> Self:
        """The settings that another page or another search keeps: without the open stacks."""
        return replace(self, unfold=()) if self.unfold else self

    def with_(self, **changes: Any) -> Self:
        """Return this display with other values."""
        return replace(self, **changes)

    def unfolding(self, asset_id: str) -> Self:
        """Return this display with one more stack open."""
        return replace(self, unfold=(*self.unfold, asset_id))

    def folding(self, asset_id: str) -> Self:
        """Return this display with one stack closed."""
        return replace(self, unfold=tuple(each for each in self.unfold if each != asset_id))
