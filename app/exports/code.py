"""CodeView: a search in the languages that programs are written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.views.bar import BarView

if TYPE_CHECKING:
    from app.errors import Problem
    from app.exports.snippets import Picture, Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView(BarView):
    """The page “Use in code”."""

    snippets: tuple[Snippet, ...]
    pictures: tuple[Picture, ...]  # files that have to lie beside the code
    variables: tuple[str, ...]  # of the environment
    is_embedded: bool  # the API is this server's own library
    problems: tuple[Problem, ...]
    back_url: str
