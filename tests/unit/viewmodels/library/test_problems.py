"""The page of files that are not shown: numbers in words."""

from __future__ import annotations

from app.query.display import Display
from app.query.search import Search
from app.scenario.library import FileProblems, Overview, Root
from app.viewmodels.library.problems import problems_view


def test_each_folder_has_its_number_of_assets() -> None:
    """One asset is no assets, and large numbers are grouped as everywhere."""
    roots = (Root("art", 1), Root("drafts", 12_345, missingCount=1000), Root("empty"))
    page = problems_view(
        Search(), Display(), overview=Overview(roots=roots), found=FileProblems(), category=""
    )
    assert page.roots == (
        ("art", "1 asset"),
        ("drafts", "12\u202f345 assets, 1\u202f000 missing"),
        ("empty", "0 assets"),
    )
