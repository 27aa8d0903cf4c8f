"""Any filter means the same to the columns in memory, to SQL, and to a naive evaluator."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from library.clauses import clause
from library.evaluation import holds
from library.fields import FIELDS, Field, Type, folded
from library.filters import parse
from library.rows import milliseconds
from library.schema import assets
from library.shelves import Shelves
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.documents import Document
    from library.index import Index

TEXTS = ("Dragon", "dragon", "red dragon", "Straße", "an ox", "", "16:9", "Ünïcode", "a'b\"c")
MOMENTS = tuple(f"2025-01-{day:02d}T12:00:00.000Z" for day in (1, 2, 3))
NUMBERS = (0, 1, 64, 1024)


def documents() -> list[Document]:
    """Every combination that a condition could trip over, more or less."""
    texts, numbers, moments = (
        itertools.cycle([None, *TEXTS]),
        itertools.cycle([None, *NUMBERS]),
        itertools.cycle(MOMENTS),
    )
    found = []
    for step in range(60):
        prompt, kind = next(texts), next(texts) or "image"
        tags = tuple(filter(None, {next(texts), next(texts)})) if step % 3 else ()
        found.append(
            samples.document(
                f"name {step}",
                prompt=prompt,
                kind=kind,
                scheduler=next(texts),
                tags=tags,
                width=next(numbers),
                height=next(numbers),
                guidance=None if step % 4 == 0 else step / 8,
                createdAt=next(moments),
            )
        )
    return found


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return samples.library(
        tmp_path_factory.mktemp("home"), [(document, None) for document in documents()]
    )


def value(of: Field, document: Document) -> Any:
    """A field's value as filters compare it."""
    found = getattr(document, of.name)
    if found is None:
        return None
    if of.type is Type.ARRAY:
        return [folded(text) for text in found]
    if of.type is Type.DATE:
        return milliseconds(found)
    return folded(found) if of.type is Type.TEXT else found


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


Naive = "tuple[str, Callable[[Document], bool]]"


def literal(of: Field) -> st.SearchStrategy[tuple[str, Any]]:
    """(as written, as compared) values for a field."""
    if of.type is Type.NUMBER:
        return st.sampled_from(NUMBERS).map(lambda n: (str(n), n))
    if of.type is Type.DATE:
        return st.sampled_from(MOMENTS).map(lambda m: (quoted(m), milliseconds(m)))
    return st.sampled_from(TEXTS).map(lambda t: (quoted(t), folded(t)))


@st.composite
def leaves(draw: st.DrawFn) -> Naive:
    """A condition, and what it means said plainly."""
    name = draw(
        st.sampled_from(["kind", "prompt", "scheduler", "tags", "width", "guidance", "createdAt"])
    )
    of = FIELDS[name]

    def any_of(test: Callable[[Any], bool]) -> Callable[[Document], bool]:
        def meaning(document: Document) -> bool:
            found = value(of, document)
            if of.type is Type.ARRAY:
                return any(test(entry) for entry in found)
            return found is not None and test(found)

        return meaning

    (written, wanted), (other, high) = draw(literal(of)), draw(literal(of))
    choices: list[tuple[str, Callable[[Document], bool]]] = [
        (f"{name} = {written}", any_of(lambda v: v == wanted)),
        (f"{name} != {written}", lambda d: not any_of(lambda v: v == wanted)(d)),
        (f"{name} > {written}", any_of(lambda v: v > wanted)),
        (f"{name} >= {written}", any_of(lambda v: v >= wanted)),
        (f"{name} < {written}", any_of(lambda v: v < wanted)),
        (f"{name} <= {written}", any_of(lambda v: v <= wanted)),
        (f"{name} {written} TO {other}", any_of(lambda v: wanted <= v <= high)),
        (f"{name} IN [{written}, {other}]", any_of(lambda v: v in (wanted, high))),
        (f"{name} NOT IN [{written}]", lambda d: not any_of(lambda v: v == wanted)(d)),
        (f"{name} EXISTS", lambda d: value(of, d) is not None),
        (f"{name} IS NULL", lambda d: value(of, d) is None),
        (f"{name} IS EMPTY", lambda d: value(of, d) in ("", [])),
    ]
    if of.type in {Type.TEXT, Type.ARRAY}:
        choices += [
            (f"{name} CONTAINS {written}", any_of(lambda v: wanted in v)),
            (f"{name} STARTS WITH {written}", any_of(lambda v: v.startswith(wanted))),
        ]
    return draw(st.sampled_from(choices))


def combined(inner: st.SearchStrategy[Naive]) -> st.SearchStrategy[Naive]:
    pairs = st.tuples(inner, inner)
    return (
        pairs.map(lambda p: (f"({p[0][0]} AND {p[1][0]})", lambda d: p[0][1](d) and p[1][1](d)))
        | pairs.map(lambda p: (f"({p[0][0]} or {p[1][0]})", lambda d: p[0][1](d) or p[1][1](d)))
        | inner.map(lambda p: (f"NOT ({p[0]})", lambda d: not p[1](d)))
    )


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=st.recursive(leaves(), combined, max_leaves=6))
def test_a_filter_means_what_it_says(index: Index, asked: Naive) -> None:
    text, meaning = asked
    tree = parse(text)
    assert tree is not None
    expected = sorted(d.id for d in documents() if meaning(d))
    with index.reading() as connection:
        by_sql = connection.execute(sa.select(assets.c.id).where(clause(tree))).scalars().all()
        shelf = Shelves(index).at(connection)
        numbers = shelf.number[holds(tree, shelf, connection)].tolist()
        from_memory = [values["id"] for values in index.values(connection, numbers).values()]
    assert sorted(by_sql) == expected
    assert sorted(from_memory) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("prompt:dragon", ["dragon prompt", "mixed"]),
        ('prompt:"red dragon"', ["mixed"]),
        ("negativePrompt:blurry", ["mixed"]),
        ("kind:IMAGE AND NOT prompt:dragon", ["other"]),
        ("name:mixed", ["mixed"]),
        ("prompt:drag", []),
        ("prompt:'!!!'", []),
    ],
)
def test_a_colon_asks_for_whole_words(
    tmp_path_factory: pytest.TempPathFactory, text: str, names: list[str]
) -> None:
    found = samples.library(
        tmp_path_factory.mktemp("home"),
        [
            (samples.document("dragon prompt", prompt="one Dragon, asleep"), None),
            (samples.document("mixed", prompt="a red dragon", negativePrompt="blurry, dim"), None),
            (samples.document("other", prompt="dragonfly"), None),
        ],
    )
    tree = parse(text)
    assert tree is not None
    with found.reading() as connection:
        shelf = Shelves(found).at(connection)
        numbers = shelf.number[holds(tree, shelf, connection)].tolist()
        hits = [values["name"] for values in found.values(connection, numbers).values()]
    found.close()
    assert sorted(hits) == names
