"""Quality of "find similar": precision at 10, and copies found.

    python -m bench.likeness [--cache FOLDER] [--floats]

The ten nearest of every picture of a set (bench.labelled) are compared with its label: precision is
the share that has the same one, averaged over pictures whose label has at least eight (stamps) or
two others (demo, emoji). A copy is a picture cropped, mirrored, recoloured, or reduced and
compressed; it is found when its original comes first. Compared with the library's descriptors: that
of the first design (network's head + 0.5 x colour histogram), classical features and a perceptual
hash. `--floats`: with the network in floats instead of integers. Prints Markdown.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from bench import labelled
from library.embedding import efficientnet_lite0
from library.embedding.models import Models, image_network, image_weights
from library.embedding.onnx_graph import Graph
from library.formats import images as pictures
from library.formats import resizing
from library.home import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

LEAST = {"stamps": 8, "demo": 2, "emoji": 2}  # other pictures of a label that is judged
TOP = 10
COPIES = 200  # pictures of a set that are copied
HEAD = 1280  # values of a subject that are the network's head
COLOURS = 288  # values of a subject that are the colour histogram, and their length
COLOUR_LENGTH = 6.0


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("instance/bench"))
    parser.add_argument("--floats", action="store_true", help="the network in floats, not integers")
    options = parser.parse_args()
    cache: Path = options.cache
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / "floats" if options.floats else cache
    if options.floats:
        write_atomically(image_network(home), efficientnet_lite0.build(Graph(image_weights())))
    models = Models.load(home, threads=1, choice="")
    sets = {name: Described(models, chosen) for name, chosen in labelled.sets(cache).items()}
    print("| mean precision at 10 |", *(f"{name} ({len(d)}) |" for name, d in sets.items()))
    print("| --- |", *("--- |" for _ in sets))
    for name, nearness in NEARNESS.items():
        figures = [precision(nearness(d, d), d.labels, LEAST[s]) for s, d in sets.items()]
        print(f"| {name} |", *(f".{round(figure * 1000):03d} |" for figure in figures))
    print("\n| copies found first |", *(f"{copy} |" for copy in ALTERED))
    print("| --- |", *("--- |" for _ in ALTERED))
    for name, nearness in NEARNESS.items():
        print(f"| {name} |", *(f"{s:.0%} |" for s in copies(models, sets, nearness)))


class Described:
    """The descriptors of a set of pictures."""

    def __init__(
        self,
        models: Models,
        chosen: list[labelled.Labelled],
        altered: Callable[[Image.Image], Image.Image] | None = None,
    ) -> None:
        self.chosen = chosen
        self.labels = np.array([picture.label for picture in chosen])
        parts = []
        for start in range(0, len(chosen), 32):
            images = [
                pictures.decode(picture.path.read_bytes()) for picture in chosen[start : start + 32]
            ]
            small = [resizing.shrunk(image, resizing.THUMBNAIL_SIDE) for image in images]
            seen = [altered(image) if altered else image for image in small]
            parts.append((*models.embed_images(seen), _edges(seen), _hashes(seen)))
        self.subject, self.look, self.edges, self.hash = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )

    def __len__(self) -> int:
        return len(self.chosen)


def _centred(one: Floats, all_of_it: Floats) -> Floats:
    return _unit(one - all_of_it.mean(axis=0))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _subject(one: Described, others: Described) -> Floats:
    return _centred(one.subject, others.subject) @ _centred(others.subject, others.subject).T


def _head(one: Described, others: Described) -> Floats:
    """Return the likeness by the square roots of the pooled features alone."""
    of = others.subject[:, :HEAD] ** 2
    return _centred(one.subject[:, :HEAD] ** 2, of) @ _centred(of, of).T


def _colours(one: Described, others: Described) -> Floats:
    return np.asarray(one.subject[:, -COLOURS:] @ others.subject[:, -COLOURS:].T / COLOUR_LENGTH**2)


def _look(one: Described, others: Described) -> Floats:
    return np.asarray(one.look @ others.look.T)


NEARNESS: dict[str, Callable[[Described, Described], Floats]] = {
    "subject": _subject,
    "half subject, half look": lambda a, b: (_subject(a, b) + _look(a, b)) / 2,
    "look": _look,
    "network's head alone": _head,
    "first design: head + 0.5 x colours": lambda a, b: _head(a, b) + _colours(a, b) / 2,
    "classical: edges + 0.5 x colours": lambda a, b: a.edges @ b.edges.T + _colours(a, b) / 2,
    "perceptual hash": lambda a, b: a.hash @ b.hash.T,
}


def precision(near: Floats, labels: NDArray[np.str_], least: int) -> float:
    """Return the mean share of the ten nearest that have the picture's own label."""
    near = near.copy()
    np.fill_diagonal(near, -np.inf)
    nearest = np.argpartition(-near, TOP, axis=1)[:, :TOP]
    right = (labels[nearest] == labels[:, None]).mean(axis=1)
    _, number, count = np.unique(labels, return_inverse=True, return_counts=True)
    return float(right[count[number] >= least].mean())


def _edges(images: list[Image.Image]) -> Floats:
    """Return (n, 128): histograms of 8 edge directions in 4 x 4 cells of 64 x 64 pixels."""
    rows = []
    for image in images:
        grey = np.asarray(Image.fromarray(resizing.squared(image, 64)).convert("L"), np.float32)
        down, across = np.gradient(grey)
        strength = np.hypot(down, across)
        direction = ((np.arctan2(down, across) % np.pi) / np.pi * 8).astype(int) % 8
        cell = (np.arange(64) // 16)[:, None] * 4 + np.arange(64) // 16
        place = (cell * 8 + direction).ravel()
        rows.append(np.sqrt(np.bincount(place, strength.ravel(), minlength=128)))
    return _unit(np.array(rows, np.float32))


def _hashes(images: list[Image.Image]) -> Floats:
    """Return (n, 64) of -1 and 1: whether a cell is lighter than its right neighbour."""
    rows = []
    for image in images:
        grey = resizing.on_background(image).convert("L").resize((9, 8), Image.Resampling.BOX)
        cells = np.asarray(grey, np.int32)
        rows.append(np.where(cells[:, 1:] > cells[:, :-1], 1, -1).ravel())
    return np.array(rows, np.float32)


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 10, height // 10, width - width // 10, height - height // 10))


def _recoloured(image: Image.Image) -> Image.Image:
    hue, saturation, value = image.convert("RGB").convert("HSV").split()
    turned = Image.merge("HSV", (hue.point(lambda v: (v + 40) % 256), saturation, value))
    turned = ImageEnhance.Brightness(turned.convert("RGB")).enhance(0.9)
    if image.mode == "RGBA":
        turned.putalpha(image.getchannel("A"))
    return turned


def _compressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    size = (max(1, image.width // 2), max(1, image.height // 2))
    resizing.on_background(image).resize(size).save(file, "JPEG", quality=40)
    return pictures.decode(file.getvalue())


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "cropped": _cropped,
    "mirrored": ImageOps.mirror,
    "recoloured": _recoloured,
    "halved, JPEG": _compressed,
}
_MADE: dict[tuple[str, str], Described] = {}


def copies(
    models: Models,
    sets: dict[str, Described],
    nearness: Callable[[Described, Described], Floats],
) -> list[float]:
    """Return the share of copies whose original is the nearest of its set, per alteration."""
    shares = []
    for way, alter in ALTERED.items():
        right = []
        for name, described in sets.items():
            step = max(1, len(described) // COPIES)
            if (name, way) not in _MADE:
                _MADE[name, way] = Described(models, described.chosen[::step], alter)
            nearest = nearness(_MADE[name, way], described).argmax(axis=1)
            right.append((nearest == np.arange(0, len(described), step)).mean())
        shares.append(float(np.mean(right)))
    return shares


if __name__ == "__main__":
    main()
