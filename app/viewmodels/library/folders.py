"""The folder tree of the filter panel, the page of a folder, and the path of an asset as links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from app.query import describe
from app.query.folders import FIELD, above
from app.query.links import SearchLinks
from app.query.search import Search
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.query.display import Display
    from app.scenario.assets import Asset
    from app.scenario.library import Folder, FolderLevel

IN: Final = "in"  # the parameter of the pages below /folders: whose folders are listed
MOST_SHOWN: Final = 40  # folders of one level in the filter panel


class Crumb(msgspec.Struct, frozen=True, gc=False):
    """A folder above an asset or a folder; without a `url` where no search can express it."""

    name: str
    url: str


class Node(msgspec.Struct, frozen=True, gc=False):
    """A folder in the tree."""

    name: str
    count: int
    url: str  # of the search in it; where it is chosen, of the search without it
    is_chosen: bool
    level_url: str  # of its folders as a part of a page; empty where it has none
    page_url: str  # of its folders as a page
    level: Level | None = None  # its folders, where they are shown already


class Level(msgspec.Struct, frozen=True, gc=False):
    """The folders of one folder; `more_url` leads to all of them where some are left out."""

    nodes: tuple[Node, ...]
    more_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderView(BarView):
    """The page of the folders in one folder."""

    crumbs: tuple[Crumb, ...]
    level: Level
    count: str


def tree(
    search: Search, start: SearchLinks, levels: Mapping[str, FolderLevel], folder: str = ""
) -> Level:
    """Return the folders of `folder`, those opened that lead to the chosen ones.

    `levels` has the counted folders of each level. `start` makes links from the first page.
    """
    chosen = search.facet(FIELD).any
    counted = levels.get(folder)
    if counted is None:
        return Level(())
    nodes = []
    for each in counted.folders[:MOST_SHOWN]:
        is_open = any(f"{value}/".startswith(f"{each.path}/") for value in chosen)
        level_url = _below(start, "/folders/level", each.path) if each.hasFolders else ""
        level = tree(search, start, levels, each.path) if is_open and each.hasFolders else None
        nodes.append(_node(each, start, chosen, level_url, level))
    is_cut = counted.more or len(counted.folders) > MOST_SHOWN
    return Level(tuple(nodes), _below(start, "/folders", folder) if is_cut else "")


def folder_view(
    search: Search,
    display: Display,
    folder: str,
    level: FolderLevel,
    known: Mapping[str, Asset],
) -> FolderView:
    """Build the page of the folders in `folder`; "" is the top."""
    start = SearchLinks.of(search, display.lasting).start
    chosen = search.facet(FIELD).any
    nodes = tuple(_node(each, start, chosen) for each in level.folders)
    more = f", and {describe.counted(level.more, 'smaller one')}" if level.more else ""
    return FolderView(
        **bar_parts(search, display, known),
        title=folder or "Folders",
        crumbs=tuple(
            Crumb(each.rpartition("/")[2] or "Folders", _below(start, "/folders", each))
            for each in (("", *above(folder)) if folder else ())
        ),
        level=Level(nodes),
        count=describe.counted(len(nodes), "folder") + more,
    )


def _node(
    folder: Folder,
    start: SearchLinks,
    chosen: Collection[str],
    level_url: str = "",
    level: Level | None = None,
) -> Node:
    path, is_chosen = folder.path, folder.path in chosen
    if is_chosen:
        url = start.without(FIELD, path)
    else:
        url = start.url({FIELD: (path,)}) if start.can_add(FIELD, path) else ""
    page_url = _below(start, "/folders", path) if folder.hasFolders else ""
    return Node(folder.name, folder.hits, url, is_chosen, level_url, page_url, level)


def crumbs(asset: Asset, display: Display) -> tuple[Crumb, ...]:
    """Return the folders that the file of an asset is in, as links to what is in them."""
    found = []
    for folder in asset.folders:
        search = Search().adding(FIELD, folder)
        url = "" if search.is_empty else display.lasting.url(search)
        found.append(Crumb(folder.rpartition("/")[2], url))
    return tuple(found)


def _below(start: SearchLinks, page: str, folder: str) -> str:
    """Return the address of a page below /folders for the search."""
    return start.page(page, ((IN, folder),) if folder else ())
