"""Quality of text search: precision at 10 for labels as queries, by keyword and by meaning.

    python -m bench.words [--cache FOLDER]

Each set (bench.labelled) becomes a library whose assets have their caption as description and no
label. Every label with at least eight assets is searched for in its own words through the API, at
querySemanticRatio 0, 0.5 and 1, and as a page without a ratio does: what has all words, then the
closest in meaning. Precision counts ten places: missing hits count as wrong. Prints Markdown.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.query.search import CLOSEST_RATIO
from bench import labelled
from library import create_library
from library.embedding.models import Models
from library.home import key_pair
from library.schema.documents import Document, Embeddings, SourceFile
from library.store.index import Index

if TYPE_CHECKING:
    from flask.testing import FlaskClient

LEAST = 8  # assets of a label that is searched for
TOP = 10
_AUTO: tuple[dict[str, object], ...] = (
    {"exactWords": "only"},
    {"exactWords": "except", "querySemanticRatio": CLOSEST_RATIO},
)
# Name -> the searches whose hits follow each other.
SEARCHES: dict[str, tuple[dict[str, object], ...]] = {
    "keyword": ({},),
    "hybrid": ({"querySemanticRatio": 0.5},),
    "meaning": ({"querySemanticRatio": 1},),
    "auto": _AUTO,
}
_DAY = "2025-01-01T00:00:00.000Z"


def main() -> None:
    """Measure and print Markdown."""
    models, chosen_of = labelled.prepared(__doc__ or "")
    print("| set | labels |", *(f"{name} |" for name in SEARCHES))
    print("| --- | --- |", *("--- |" for _ in SEARCHES))
    for name, chosen in chosen_of.items():
        with tempfile.TemporaryDirectory() as home:
            _fill(Path(home), chosen, models)
            count = Counter(picture.label for picture in chosen)
            labels = sorted(label for label in count if count[label] >= LEAST)
            app = create_library(Path(home), models=models)
            figures = [
                _precision(app.test_client(), Path(home), labels, searches)
                for searches in SEARCHES.values()
            ]
            print(f"| {name} | {len(labels)} |", *(f".{round(f * 1000):03d} |" for f in figures))


def _fill(home: Path, chosen: list[labelled.Labelled], models: Models) -> None:
    """Write a library of captions; the label is the author, which no search reads."""
    vectors = models.embed_texts([picture.caption for picture in chosen])
    with closing(Index.open(home, create=True)) as index:
        index.write(
            (_document(number, picture), Embeddings(text=vectors[number]))
            for number, picture in enumerate(chosen)
        )


def _document(number: int, picture: labelled.Labelled) -> Document:
    return Document(
        id=f"asset_{number:024d}",
        source=SourceFile(root="/", path=str(number), size=1, mtime_ns=0, sha256=str(number)),
        kind="image",
        type="uploaded",
        mimeType="image/png",
        createdAt=_DAY,
        updatedAt=_DAY,
        name=str(number),
        description=picture.caption,
        authorId=picture.label,
    )


def _precision(
    client: FlaskClient, home: Path, labels: list[str], searches: tuple[dict[str, object], ...]
) -> float:
    right = 0
    pair = key_pair(home)
    for label in labels:
        hits: list[dict[str, Any]] = []
        for search in searches:
            body = {"query": _words(label), "limit": TOP, **search}
            response = client.post("/v1/search/assets", json=body, auth=(pair.key, pair.secret))
            hits += response.get_json()["hits"]
        right += sum(hit["authorId"] == label for hit in hits[:TOP])
    return right / (TOP * len(labels))


def _words(label: str) -> str:
    """Return the innermost part of a label as a person would type it."""
    return " ".join(re.findall(r"[a-z]+", label.rpartition("/")[2].lower()))


if __name__ == "__main__":
    main()
