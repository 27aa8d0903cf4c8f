"""CodeView: a search as code in several languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.viewmodels.parts.search_bar import BarView

if TYPE_CHECKING:
    from app.errors import Problem
    from app.exports.code_snippets import Picture, Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView(BarView):
    """The page “Use in code”."""

    snippets: tuple[Snippet, ...]
    pictures: tuple[Picture, ...]  # uploaded examples, which the code reads from files
    variables: tuple[str, ...]  # environment variables that the code reads
    is_embedded: bool  # the API is this server's own library
    closest_url: str  # the code of what is below the last hit; empty where nothing is
    problems: tuple[Problem, ...]
