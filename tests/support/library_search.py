"""A small library with its search engine; requests are written as the JSON of the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from library.query.search_query import parse_search
from library.reader.index_reader import IndexReader
from library.search.engine import Engine, SearchResult
from tests.support import sample_documents

if TYPE_CHECKING:
    from pathlib import Path

    from library.schema.documents import Document
    from library.store.index import Index


class Searcher:
    """An index and its search engine."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.engine = Engine(IndexReader(index), sample_documents.Tastes())

    def ranked(self, **body: Any) -> tuple[SearchResult, list[str]]:
        query = parse_search(json.dumps(body).encode(), {})
        with self.index.reading() as connection:
            found = self.engine.search(connection, query)
            values = self.index.values(connection, found.numbers)
        return found, [entry["name"] for entry in values.values()]

    def names(self, **body: Any) -> list[str]:
        return self.ranked(**body)[1]


def searcher(home: Path, *documents: Document) -> Searcher:
    """Return a searcher over these documents, which have no picture."""
    return Searcher(sample_documents.library(home, [(document, None) for document in documents]))


def named(home: Path, *names: str) -> Searcher:
    """Return a searcher over documents with these names."""
    return searcher(home, *(sample_documents.document(name) for name in names))


# Keywords
