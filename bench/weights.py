"""The best weights of the parts of a likeness, judged on a set that did not choose them.

    python -m bench.weights [--cache FOLDER]

A subject and a look are made of parts (the network's head, its middle, colours, layout), each with
a weight. For each of the three labelled sets (bench.labelled) the weights that are best on the
other two are applied to it: that figure is what to expect on other art. It is compared with today's
weights and with those that are best on the set itself, which cannot be known in advance. A subject
is judged by its precision at 10, a look by the mean of that and of the share of copies found first
(bench.likeness). Weights are in multiples of today's. Prints Markdown.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import labelled
from bench.likeness import ALTERED, COPIES, LEAST, Described, precision
from library.embedding.models import Models

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Weights = tuple[float, ...]

# Where each part begins; the first has the weight 1.
PARTS = {"subject": (0, 1280, 1472, 1760), "look": (0, 192, 480, 672)}
NAMES = {"subject": "middle, colours", "look": "colours, layout"}
STEPS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def main() -> None:
    """Measure and print Markdown."""
    models, chosen_of = labelled.prepared(__doc__ or "")
    sets = {name: Judged(models, name, chosen) for name, chosen in chosen_of.items()}
    for space, begins in PARTS.items():
        grid = {
            weights: [judged.score(space, weights) for judged in sets.values()]
            for weights in product(STEPS, repeat=len(begins) - 2)
        }
        print(f"\n| {space} | today | chosen without it ({NAMES[space]}) | best on itself |")
        print("| --- | --- | --- | --- |")
        for number, name in enumerate(sets):
            print(f"| {name} |", *(f"{cell} |" for cell in _row(grid, number)))
        overall = max(grid, key=lambda weights: sum(grid[weights]))
        shown = ", ".join(f"{weight:g}" for weight in overall)
        print(f"\nBest on all of them: {shown} ({np.mean(grid[overall]):.4f}; today "
              f"{np.mean(grid[_today(grid)]):.4f})")  # fmt: skip


class Judged:
    """A set and its copies, by which weights are scored."""

    def __init__(self, models: Models, name: str, chosen: list[labelled.Labelled]) -> None:
        self._least = LEAST[name]
        self._set = Described(models, chosen)
        self._step = max(1, len(chosen) // COPIES)
        self._copies = [
            Described(models, chosen[:: self._step], alter) for alter in ALTERED.values()
        ]

    def score(self, space: str, weights: Weights) -> float:
        """Return a subject's precision, or a look's mean of precision and copies found."""
        vectors = getattr(self._set, space)
        centre = vectors.mean(axis=0) if space == "subject" else np.float32(0)
        mine = _weighted(space, vectors - centre, weights)
        right = precision(mine @ mine.T, self._set.labels, self._least)
        if space == "subject":
            return right
        shares = []
        for copies in self._copies:
            nearest = (_weighted(space, getattr(copies, space) - centre, weights) @ mine.T).argmax(
                1
            )
            shares.append((nearest == np.arange(0, len(vectors), self._step)).mean())
        return (right + float(np.mean(shares))) / 2


def _weighted(space: str, vectors: Floats, weights: Weights) -> Floats:
    begins = PARTS[space]
    scale = np.repeat(np.array([1.0, *weights], np.float32), np.diff(begins))
    scaled = vectors * scale
    return np.asarray(scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9))


def _row(grid: dict[Weights, list[float]], number: int) -> list[str]:
    """Return a set's scores: today's weights, those that the other sets choose, the best."""
    others = max(grid, key=lambda weights: sum(grid[weights]) - grid[weights][number])
    best = max(grid, key=lambda weights: grid[weights][number])
    cells = [f".{round(grid[_today(grid)][number] * 1000):03d}"]
    for weights in (others, best):
        shown = ", ".join(f"{weight:g}" for weight in weights)
        cells.append(f".{round(grid[weights][number] * 1000):03d} ({shown})")
    return cells


def _today(grid: dict[Weights, list[float]]) -> Weights:
    return next(weights for weights in grid if set(weights) == {1.0})


if __name__ == "__main__":
    main()
