"""Libraries of synthetic documents with clustered vectors, for measuring the search.

    python -m bench.synthetic HOME COUNT

Words follow Zipf's law over 30,000 invented words. Vectors are clustered, `CLUSTER` documents
around one centre, and their variance follows a power law over `LATENT` directions, as in real
descriptors. No files are read. Written through `Index.write`, as ingest does, and seeded: the same
count gives the same library.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from library.api.serialize import time_text
from library.schema.documents import Document, Embeddings, SourceFile
from library.store.index import Index
from library.store.tables import groups
from library.store.writes import advance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

WIDTHS = {"text": 384, "subject": 1280, "look": 320}
LATENT = 256  # directions in which vectors of a kind differ
CLUSTER = 100  # documents around one centre
WITHIN = 0.55  # how far they lie from it, beside how far centres lie from each other
NOISE = 0.05
WORDS = 30_000
TAGS = 2_000
BATCH = 2_000
START = datetime(2020, 1, 1, tzinfo=UTC)

_SYLLABLES = [c + v + e for c in "bdfghklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "s")]


@dataclass(frozen=True, slots=True)
class World:
    """Distributions from which all documents of one library are drawn."""

    words: list[str]
    chances: NDArray[np.float64]
    mixes: dict[str, Floats]  # space -> (LATENT, width)
    centres: Floats  # (clusters, LATENT)
    fall: Floats  # (LATENT,) standard deviation per direction

    @classmethod
    def of(cls, count: int) -> World:
        """Return the world of a library of `count` documents."""
        random = np.random.default_rng(20261122)
        lengths = random.integers(2, 5, WORDS * 2)
        distinct = dict.fromkeys(
            "".join(random.choice(_SYLLABLES, length)) for length in lengths.tolist()
        )
        words = list(distinct)[:WORDS]
        chances = 1 / np.arange(10, len(words) + 10)
        fall = (np.arange(1, LATENT + 1) ** -0.6).astype(np.float32)
        mixes = {
            name: random.normal(size=(LATENT, width)).astype(np.float32) / np.sqrt(width)
            for name, width in WIDTHS.items()
        }
        centres = random.normal(size=(max(1, count // CLUSTER), LATENT)).astype(np.float32) * fall
        return cls(words, chances / chances.sum(), mixes, centres, fall)

    def latent(self, random: np.random.Generator, cluster: NDArray[np.int64]) -> Floats:
        """Return (n, LATENT) places around the centres of these clusters."""
        spread = random.normal(size=(len(cluster), LATENT)).astype(np.float32) * self.fall
        places: Floats = self.centres[cluster] + np.float32(WITHIN) * spread
        return places

    def vectors(self, random: np.random.Generator, latent: Floats, name: str) -> Floats:
        """Return (n, width): the vectors of those places in that space."""
        mixed = latent @ self.mixes[name]
        mixed += random.normal(size=mixed.shape).astype(np.float32) * np.float32(
            NOISE / np.sqrt(mixed.shape[1])
        )
        if name != "subject":
            mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        return mixed


def items(world: World, count: int) -> Iterator[list[tuple[Document, Embeddings]]]:
    """Yield documents with their vectors, `BATCH` at a time."""
    for start in range(0, count, BATCH):
        random = np.random.default_rng(start + 1)
        size = min(BATCH, count - start)
        cluster = random.integers(0, len(world.centres), size)
        latent = world.latent(random, cluster)
        vectors = {name: world.vectors(random, latent, name) for name in WIDTHS}
        chosen = random.choice(len(world.words), size=(size, 18), p=world.chances)
        tags = random.integers(0, TAGS, (size, 3))
        kinds = random.choice(["image", "video", "audio", "3d"], size, p=[0.9, 0.04, 0.05, 0.01])
        sides = random.choice([64, 128, 256, 512, 768, 1024, 1536, 2048], (size, 2))
        bits = random.integers(1_000, 30_000_000, size)
        for_seed = random.integers(0, 2**31, size)
        batch = []
        for place in range(size):
            number = start + place
            text = [world.words[word] for word in chosen[place]]
            at = time_text(int((START + timedelta(minutes=2 * number)).timestamp() * 1000))
            width, height = sides[place].tolist()
            batch.append(
                (
                    Document(
                        id=f"asset_{number:024d}",
                        source=SourceFile(
                            root="/synthetic",
                            path=f"{number}.png",
                            size=int(bits[place]),
                            mtime_ns=number,
                            sha256=f"{number:064x}",
                        ),
                        kind=str(kinds[place]),
                        type="inference-txt2img" if number % 3 else "uploaded",
                        mimeType="image/png",
                        createdAt=at,
                        updatedAt=at,
                        name=" ".join(text[:2]),
                        tags=tuple(world.words[20 + tag] for tag in tags[place]),
                        collectionIds=(f"collection_{number % 50:016d}",),
                        nsfw=("nudity",) if number % 100 == 7 else (),
                        prompt=" ".join(text[2:]),
                        seed=str(for_seed[place]),
                        width=width,
                        height=height,
                        aspectRatio="1:1" if width == height else "16:9",
                        size=int(bits[place]),
                        modelId=f"model_{number % 40}",
                        guidance=float(number % 20) / 2,
                        numInferenceSteps=20 + number % 30,
                        properties={"size": int(bits[place])},
                        thumbnail=True,
                    ),
                    Embeddings(**{name: rows[place] for name, rows in vectors.items()}),
                )
            )
        yield batch


def group(index: Index, count: int) -> None:
    """Put three of ten documents into groups of five, unless there are groups."""
    in_groups = [number for number in range(count) if number % 50 < 15]
    rows = [
        {
            "asset": f"asset_{number:024d}",
            "group_id": f"group_{number // 5}",
            "kind": "frames",
            "place": number % 5,
            "label": str(number % 5),
        }
        for number in in_groups
    ]
    with index.writing() as connection:
        if connection.execute(sa.select(groups.c.seq).limit(1)).first() is None:
            connection.execute(sa.insert(groups), rows)
            advance(connection)


def build(home: Path, count: int) -> None:
    """Write a library of `count` documents unless it exists."""
    index = Index.open(home, create=True)
    if index.count() != count:
        began = time.perf_counter()
        world = World.of(count)
        for number, batch in enumerate(items(world, count)):
            index.write(batch)
            if number % 10 == 0:
                done = (number + 1) * BATCH
                print(f"  {done} of {count}, {time.perf_counter() - began:.0f} s", file=sys.stderr)
    group(index, count)
    index.close()


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]))
