"""Small libraries made in code for the engine's tests: documents with words and vectors.

`Tastes` stands where the models stand: it sees a picture as the colour of its first pixel and a
text as its words, so a test can say which assets are alike without loading a network.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from library.schema.documents import Collection, Document, Embeddings, SourceFile
from library.store.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from library.schema.documents import Vector

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "grey": (90, 90, 90)}
TOPICS = ("castle", "dragon", "ship", "sound", "fortress", "forest")
_SAME_TOPIC = {"fortress": "castle"}


class Tastes:
    """An embedder whose judgement can be read off: colours for pictures, topics for texts."""

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Vector:
        del query
        return np.array([topic_vector(text) for text in texts], dtype=np.float32)

    def embed_images(self, images: Sequence[Image.Image]) -> tuple[Vector, Vector]:
        pixels = [image.convert("RGB").getpixel((0, 0)) for image in images]
        return (
            np.array([subject_vector(pixel) for pixel in pixels], dtype=np.float32),
            np.array([look_vector(pixel) for pixel in pixels], dtype=np.float32),
        )

    def decode(self, data: bytes) -> Image.Image:
        try:
            with Image.open(io.BytesIO(data)) as image:
                return image.convert("RGB")
        except OSError as error:
            raise ValueError("not a picture") from error


def topic_vector(text: str) -> Vector:
    vector = np.full(len(TOPICS) + 2, 0.1, dtype=np.float32)
    for word in text.lower().split():
        topic = _SAME_TOPIC.get(word.strip(".,"), word.strip(".,"))
        if topic in TOPICS:
            vector[TOPICS.index(topic)] += 1
    return vector / np.linalg.norm(vector)


def subject_vector(pixel: Any) -> Vector:
    return np.sqrt(np.array([*pixel, 40, 60], dtype=np.float32) / 255 + 0.01)


def look_vector(pixel: Any) -> Vector:
    vector = np.array([255 - pixel[0], pixel[1] / 2, pixel[2], 30], dtype=np.float32) + 1
    return vector / np.linalg.norm(vector)


def picture(pixel: tuple[int, int, int], form: str = "PNG") -> bytes:
    """The bytes of a small picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), pixel).save(file, form)
    return file.getvalue()


def asset_id(name: str) -> str:
    return "asset_" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def document(name: str, **values: Any) -> Document:
    """A picture asset of that name, with everything else as given."""
    defaults: dict[str, Any] = {
        "id": asset_id(name),
        "source": SourceFile(
            root="/pictures", path=f"{name}.png", size=100, mtime_ns=1, sha256="0" * 64
        ),
        "kind": "image",
        "type": "uploaded",
        "mimeType": "image/png",
        "createdAt": "2025-01-01T00:00:00.000Z",
        "updatedAt": "2025-01-01T00:00:00.000Z",
        "name": name,
        "width": 64,
        "height": 64,
        "aspectRatio": "1:1",
        "size": 100,
        "properties": {"size": 100, "width": 64, "height": 64},
        "thumbnail": True,
    }
    return Document(**(defaults | values))


def embeddings(found: Document, pixel: tuple[int, int, int] | None) -> Embeddings:
    """What `Tastes` makes of an asset of that colour; None for one without a picture."""
    said = " ".join(filter(None, [found.name, found.prompt, found.description, *found.tags]))
    return Embeddings(
        text=topic_vector(said),
        subject=None if pixel is None else subject_vector(pixel),
        look=None if pixel is None else look_vector(pixel),
    )


def library(
    home: Path,
    items: Iterable[tuple[Document, tuple[int, int, int] | None]],
    collections: Iterable[Collection] = (),
) -> Index:
    """An index in `home` with these documents, seen as of these colours."""
    index = Index.open(home, create=True)
    index.write([(found, embeddings(found, pixel)) for found, pixel in items], collections)
    index.link()
    return index


def shades(colour: str, count: int) -> list[tuple[int, int, int]]:
    """Colours near `colour`, each a little further from it."""
    base = np.array(COLOURS[colour])
    return [tuple(int(v) for v in np.abs(base - 7 * step)) for step in range(count)]  # type: ignore[misc]
