"""ProblemsView: files that are not shown, damaged or missing, in groups with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.query import describe
from app.scenario.library import CATEGORIES
from app.viewmodels.library.indexing import IndexingView, indexing_view
from app.viewmodels.parts.controls import Switch
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.library import FileProblem, FileProblems, Indexing, Overview, Root

# What each category means, and what to do.
_HINTS: Final = {
    "skipped": "These files should be assets and could not be read. Repair or delete them.",
    "damaged": "These assets are shown with what could be read of their files. Replace the files.",
    "missing": "The files of these assets are gone. They return when the files do: connect the "
    "disk or share, and index again.",
    "unwritten": "What was decided about these assets is stored in Akin, but not in XMP files "
    "beside them. Remove the cause, and start Akin again or change a tag or rating of them.",
    "other": "Akin does not know these types of files.",
    "ignored": "Hidden files, junk of the system and of other programs, and what AKIN_EXCLUDE or "
    "an .akinignore file excludes.",
}
# Parts of the library's second pass.
_PARTS: Final = {"text": "Text in images", "nsfw": "Sensitive images"}


@dataclass(frozen=True, slots=True)
class Row:
    """Files of one folder with the same problem."""

    category: str
    folder: str
    kind: str
    reason: str
    names: str
    url: str  # of the asset, where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsView(BarView):
    """A page of the list."""

    categories: tuple[Switch, ...]
    hint: str
    rows: tuple[Row, ...]
    roots: tuple[tuple[str, str], ...]  # the indexed folders: name, and how many assets
    second_pass: tuple[tuple[str, str], ...]  # how far its parts are: label and text
    missing: str  # the number of missing assets that a button removes; empty without any
    next_url: str
    notice: str
    indexing: IndexingView


def problems_view(
    search: Search,
    display: Display,
    *,
    overview: Overview,
    found: FileProblems,
    category: str,
    removed: str = "",
    indexing: Indexing | None = None,
) -> ProblemsView:
    """Build a page of the problems of one category, or of all."""
    counts = overview.problems
    missing = counts.get("missing", 0)
    token = found.nextPaginationToken
    return ProblemsView(
        **bar_parts(search, display, {}),
        title="Problems with files",
        categories=(
            Switch("All", "/problems", not category),
            *(
                Switch(
                    f"{label} ({describe.number(counts[name])})", _url(name, ""), name == category
                )
                for name, label in CATEGORIES.items()
                if counts.get(name)
            ),
        ),
        hint=_HINTS.get(category, ""),
        rows=tuple(map(_row, found.problems)),
        roots=tuple((root.name, _assets_in(root)) for root in overview.roots),
        second_pass=tuple(
            (
                _PARTS.get(part.name, part.name),
                f"looked at {describe.number(part.doneCount)} of "
                f"{describe.counted(part.assetCount, 'picture')}",
            )
            for part in overview.secondPass
        ),
        missing=describe.counted(missing, "missing asset") if missing else "",
        next_url=_url(category, token) if token else "",
        notice=f"{describe.counted(int(removed), 'asset')} removed from the library."
        if removed.isdecimal() and len(removed) < 10
        else "",
        indexing=indexing_view(indexing),
    )


def _url(category: str, token: str) -> str:
    pairs = [(name, value) for name, value in (("category", category), ("after", token)) if value]
    return f"/problems?{urlencode(pairs)}" if pairs else "/problems"


def _assets_in(root: Root) -> str:
    missing = f", {describe.number(root.missingCount)} missing" if root.missingCount else ""
    return describe.counted(root.assetCount, "asset") + missing


def _row(problem: FileProblem) -> Row:
    names = ", ".join(problem.names)
    more = problem.fileCount - len(problem.names)
    return Row(
        CATEGORIES.get(problem.category, problem.category),
        problem.folder,
        problem.kind or "no suffix",
        problem.reason,
        f"{names} and {describe.number(more)} more" if more > 0 else names,
        f"/assets/{problem.assetId}" if problem.assetId else "",
    )
