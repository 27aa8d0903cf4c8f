"""Results of the services: what the page of a search or of an asset is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.query.display import Display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.errors import AkinError, Problem
    from app.insight.no_results import Way
    from app.query.search import Search
    from app.scenario.assets import Asset, Named, ResultPage
    from app.scenario.library import Indexing


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a filter panel and its chips show; each may be missing."""

    collections: tuple[Named, ...] = ()
    tags: tuple[Named, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)  # id -> name
    parents: Mapping[str, str] = field(default_factory=dict)  # id of an asset -> name

    @property
    def names(self) -> dict[str, str]:
        """Every id that has a name."""
        collections = {item.id: item.name for item in self.collections}
        return {**collections, **self.models, **self.parents}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The result of a search; either `result`, a page of hits, or `error` is set."""

    search: Search
    display: Display = field(default_factory=Display)
    result: ResultPage | None = None
    closest: tuple[Asset, ...] = ()  # in meaning, after the last hit of an auto search
    known: Mapping[str, Asset] = field(default_factory=dict)  # the assets among the examples
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    ways: tuple[Way, ...] = ()  # alternatives to a search without results
    problems: tuple[Problem, ...] = ()
    error: AkinError | None = None
    notice: str = ""  # why results from expired cache entries are shown
    by_library: bool = False  # the API is Akin's own library, in this process
    indexing: Indexing | None = None  # of Akin's own library
    lists_problems: bool = False  # the API is Akin's own library, in this process or another


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDetails:
    """An asset with what its page shows beside it."""

    asset: Asset
    names: Mapping[str, str] = field(default_factory=dict)  # of its collections and models, by id
    known: Mapping[str, Asset] = field(default_factory=dict)  # the examples of the search
    notice: str = ""  # why an expired cache entry is shown
    by_library: bool = False  # the API is Akin's own library, which converts fewer formats
    file_path: str = ""  # of its file, where this is the reader's own machine
    collection_names: tuple[str, ...] = ()  # of those that exist, the first MOST_NAMES
    is_gone: bool = False  # the library has indexed it, and its file has been removed since
