"""The orders of results, as the API and Akin's own library name them, with their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Orders of results, as the API names them. `score` is the API's popularity, which is no field.
SORTS: Final[Mapping[str, str]] = {
    "createdAt:desc": "Newest first",
    "createdAt:asc": "Oldest first",
    "updatedAt:desc": "Last changed first",
    "updatedAt:asc": "Longest unchanged first",
    "width:desc": "Widest first",
    "width:asc": "Narrowest first",
    "height:desc": "Tallest first",
    "height:asc": "Lowest first",
    "score:desc": "Most popular first",
    "score:asc": "Least popular first",
}
SORTABLE: Final = tuple(dict.fromkeys(order.partition(":")[0] for order in SORTS))
# Further orders of Akin's own library.
RANDOM: Final = "random"  # in an address with the number that it is made from: `random:42`
LIBRARY_SORTS: Final[Mapping[str, str]] = {
    "name:asc": "Name, A to Z",
    "name:desc": "Name, Z to A",
    "size:desc": "Largest file first",
    "size:asc": "Smallest file first",
    "rating:desc": "Best rating first",
    "rating:asc": "Lowest rating first",
    "label:asc": "Picks first",
    "label:desc": "Rejects first",
}
LIBRARY_SORTABLE: Final = tuple(dict.fromkeys(order.partition(":")[0] for order in LIBRARY_SORTS))


def reshuffled(order: str) -> str:
    """Return another random order than `random:42`, always the same one after it."""
    number = int(order.rpartition(":")[2])
    return f"{RANDOM}:{(number * 7919 + 104_729) % 10**6}"


def is_extension(order: str) -> bool:
    """Tell whether only Akin's own library has an order."""
    return order not in SORTS


def sort_label(order: str) -> str:
    """Return an order in words."""
    return SORTS.get(order) or LIBRARY_SORTS.get(order) or "Random"
