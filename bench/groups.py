"""Groups of the demo pack, and how alike numbered pictures of it are.

    python -m bench.groups HOME

HOME is an indexed home of the demo pack (`python -m library index FOLDER --home HOME`). Prints, as
Markdown: the number of groups of each kind; for each run of three or more consecutive numbers, the
least cosines of neighbours and whether the run was grouped; and the closest pictures of one folder
that are in no group.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from contextlib import closing
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from library.schema.group_names import numbered
from library.store import groups
from library.store.index import Index
from library.store.tables import sources
from library.store.vectors import read_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 10  # closest pairs
LEAST = 3  # pictures of a run

Vectors = dict[str, "NDArray[np.float32]"]  # by path


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    with closing(Index.open(parser.parse_args().home)) as index, index.reading() as connection:
        rows = connection.execute(sa.select(sources)).all()
        path_of = {row.number: row.path.decode() for row in rows}
        path_of_id = {row.id: row.path.decode() for row in rows}
        found = {each.id: each for each in groups.of_assets(connection, path_of_id).values()}
        spaces: list[Vectors] = []
        for space in ("subject", "look"):
            numbers, vectors = read_vectors(connection, space, list(path_of))
            units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            spaces.append(
                {path_of[n]: unit for n, unit in zip(numbers.tolist(), units, strict=True)}
            )
    grouped = {path_of_id[member.asset] for group in found.values() for member in group.members}
    print("| kind | groups | assets |\n| --- | --- | --- |")
    sizes: Counter[str] = Counter()
    for group in found.values():
        sizes[group.kind] += group.size
    for kind, count in Counter(each.kind for each in found.values()).items():
        print(f"| {kind} | {count} | {sizes[kind]} |")
    _print_runs(spaces, grouped)
    _print_closest(spaces, grouped)


def _cosines(spaces: list[Vectors], one: str, other: str) -> tuple[float, float]:
    subject, look = (float(space[one] @ space[other]) for space in spaces)
    return subject, look


def _print_runs(spaces: list[Vectors], grouped: set[str]) -> None:
    runs: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for path in spaces[0]:
        if (name := numbered(path.rpartition(".")[0])) is not None:
            runs[name.head].append((name.number, path))
    print(
        "\n| numbered pictures | least subject | least look | grouped |\n| --- | --- | --- | --- |"
    )
    for head, pictures in sorted(runs.items()):
        if len(pictures) >= LEAST:
            paths = [path for _, path in sorted(pictures)]
            pairs = [_cosines(spaces, *pair) for pair in pairwise(paths)]
            subject, look = (min(each) for each in zip(*pairs, strict=True))
            print(f"| {head} ({len(paths)}) | {subject:.3f} | {look:.3f} | {paths[1] in grouped} |")


def _print_closest(spaces: list[Vectors], grouped: set[str]) -> None:
    folders: dict[str, list[str]] = defaultdict(list)
    for path in spaces[0]:
        if path not in grouped:
            folders[path.rpartition("/")[0]].append(path)
    pairs = [
        (*_cosines(spaces, *pair), pair)
        for paths in folders.values()
        for pair in combinations(paths, 2)
    ]
    pairs.sort(key=lambda each: -min(each[:2]))
    print("\n| closest of one folder, in no group | subject | look |\n| --- | --- | --- |")
    for subject, look, (one, other) in pairs[:SHOWN]:
        print(f"| {one}, {other.rpartition('/')[2]} | {subject:.4f} | {look:.4f} |")


if __name__ == "__main__":
    main()
