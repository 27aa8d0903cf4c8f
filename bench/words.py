"""How well words find assets: precision at 10 of a label asked for, by keyword and by meaning.

    python -m bench.words [--cache FOLDER]

Each set (bench.labelled) becomes a library whose assets have their caption as description and
nothing of their label; every label with at least eight assets is asked for in its own words
through the API, at querySemanticRatio 0, 0.5 and 1. Precision counts ten places, so fewer hits
than ten count as misses. Prints Markdown.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bench import labelled
from library import create_library
from library.documents import Document, Embeddings, SourceFile
from library.homes import key_pair
from library.index import Index
from library.models import Models

if TYPE_CHECKING:
    from flask.testing import FlaskClient

LEAST = 8  # assets of a label that is asked for
TOP = 10
RATIOS = {"keyword": 0.0, "hybrid": 0.5, "meaning": 1.0}
_DAY = "2025-01-01T00:00:00.000Z"


def main() -> None:
    """Measure and print."""
    models, chosen_of = labelled.prepared(__doc__)
    print("| set | labels |", *(f"{name} |" for name in RATIOS))
    print("| --- | --- |", *("--- |" for _ in RATIOS))
    for name, chosen in chosen_of.items():
        with tempfile.TemporaryDirectory() as home:
            _fill(Path(home), chosen, models)
            count = Counter(picture.label for picture in chosen)
            labels = sorted(label for label in count if count[label] >= LEAST)
            app = create_library(Path(home), models=models)
            figures = [
                _precision(app.test_client(), Path(home), labels, ratio)
                for ratio in RATIOS.values()
            ]
            print(f"| {name} | {len(labels)} |", *(f".{round(f * 1000):03d} |" for f in figures))


def _fill(home: Path, chosen: list[labelled.Labelled], models: Models) -> None:
    """A library of captions; the label is kept where no search looks: as the author."""
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


def _precision(client: FlaskClient, home: Path, labels: list[str], ratio: float) -> float:
    right = 0
    pair = key_pair(home)
    for label in labels:
        body = {"query": _words(label), "querySemanticRatio": ratio, "limit": TOP}
        answer = client.post("/v1/search/assets", json=body, auth=(pair.key, pair.secret))
        right += sum(hit["authorId"] == label for hit in answer.get_json()["hits"])
    return right / (TOP * len(labels))


def _words(label: str) -> str:
    """The innermost part of a label, as a person would type it."""
    return " ".join(re.findall(r"[a-z]+", label.rpartition("/")[2].lower()))


if __name__ == "__main__":
    main()
