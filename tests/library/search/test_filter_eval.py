"""Columns in memory, SQL and a naive evaluator return the same for any filter."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from library.query.filter_parser import parse_filter
from library.reader.index_reader import IndexReader
from library.schema.fields import FIELDS, Field, Type, folded
from library.search.filter_eval import holds
from library.search.filter_sql import clause
from library.store.rows import milliseconds
from library.store.tables import assets
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.schema.documents import Document
    from library.store.index import Index

pytestmark = pytest.mark.usefixtures("every_store")

TEXTS = ("Dragon", "dragon", "red dragon", "Straße", "an ox", "", "16:9", "Ünïcode", "a'b\"c")
MOMENTS = tuple(f"2025-01-{day:02d}T12:00:00.000Z" for day in (1, 2, 3))
NUMBERS = (0, 1, 64, 1024)


def documents() -> list[Document]:
    """Most combinations of values that conditions could treat differently."""
    texts, numbers, moments = (
        itertools.cycle([None, *TEXTS]),
        itertools.cycle([None, *NUMBERS]),
        itertools.cycle(MOMENTS),
    )
    combinations = []
    for step in range(60):
        prompt, kind = next(texts), next(texts) or "image"
        tags = tuple(filter(None, {next(texts), next(texts)})) if step % 3 else ()
        combinations.append(
            sample_documents.document(
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
    return combinations


@pytest.fixture(scope="module")
def index(every_store: str, tmp_path_factory: pytest.TempPathFactory) -> Index:  # noqa: ARG001 - created in it
    return sample_documents.library(
        tmp_path_factory.mktemp("home"), [(document, None) for document in documents()]
    )


def value(of: Field, document: Document) -> Any:
    """Return a field's value as filters compare it."""
    plain = getattr(document, of.name)
    if plain is None:
        return None
    if of.type is Type.ARRAY:
        return [folded(text) for text in plain]
    if of.type is Type.DATE:
        return milliseconds(plain)
    return folded(plain) if of.type is Type.TEXT else plain


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


Naive: TypeAlias = "tuple[str, Callable[[Document], bool]]"


def literal(of: Field) -> st.SearchStrategy[tuple[str, Any]]:
    """(as written, as compared) values for a field."""
    if of.type is Type.NUMBER:
        return st.sampled_from(NUMBERS).map(lambda n: (str(n), n))
    if of.type is Type.DATE:
        return st.sampled_from(MOMENTS).map(lambda m: (quoted(m), milliseconds(m)))
    return st.sampled_from(TEXTS).map(lambda t: (quoted(t), folded(t)))


@st.composite
def leaves(draw: st.DrawFn) -> Naive:
    """A condition, and a naive test for it."""
    name = draw(
        st.sampled_from(["kind", "prompt", "scheduler", "tags", "width", "guidance", "createdAt"])
    )
    of = FIELDS[name]

    def any_of(test: Callable[[Any], bool]) -> Callable[[Document], bool]:
        def holds_for(document: Document) -> bool:
            actual = value(of, document)
            if of.type is Type.ARRAY:
                return any(test(entry) for entry in actual)
            return actual is not None and test(actual)

        return holds_for

    (written, compared), (other, high) = draw(literal(of)), draw(literal(of))
    choices: list[tuple[str, Callable[[Document], bool]]] = [
        (f"{name} = {written}", any_of(lambda v: v == compared)),
        (f"{name} != {written}", lambda d: not any_of(lambda v: v == compared)(d)),
        (f"{name} > {written}", any_of(lambda v: v > compared)),
        (f"{name} >= {written}", any_of(lambda v: v >= compared)),
        (f"{name} < {written}", any_of(lambda v: v < compared)),
        (f"{name} <= {written}", any_of(lambda v: v <= compared)),
        (f"{name} {written} TO {other}", any_of(lambda v: compared <= v <= high)),
        (f"{name} IN [{written}, {other}]", any_of(lambda v: v in (compared, high))),
        (f"{name} NOT IN [{written}]", lambda d: not any_of(lambda v: v == compared)(d)),
        (f"{name} EXISTS", lambda d: value(of, d) is not None),
        (f"{name} IS NULL", lambda d: value(of, d) is None),
        (f"{name} IS EMPTY", lambda d: value(of, d) in ("", [])),
    ]
    if of.type in {Type.TEXT, Type.ARRAY}:
        choices += [
            (f"{name} CONTAINS {written}", any_of(lambda v: compared in v)),
            (f"{name} STARTS WITH {written}", any_of(lambda v: v.startswith(compared))),
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
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=st.recursive(leaves(), combined, max_leaves=6))
def test_all_evaluators_agree(index: Index, case: Naive) -> None:
    text, holds_for = case
    tree = parse_filter(text)
    assert tree is not None
    expected = sorted(d.id for d in documents() if holds_for(d))
    with index.reading() as connection:
        by_sql = connection.execute(sa.select(assets.c.id).where(clause(tree))).scalars().all()
        snapshot = IndexReader(index).at(connection)
        numbers = snapshot.number[holds(tree, snapshot, connection)].tolist()
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
def test_a_colon_matches_whole_words(
    tmp_path_factory: pytest.TempPathFactory, text: str, names: list[str]
) -> None:
    index = sample_documents.library(
        tmp_path_factory.mktemp("home"),
        [
            (sample_documents.document("dragon prompt", prompt="one Dragon, asleep"), None),
            (
                sample_documents.document(
                    "mixed", prompt="a red dragon", negativePrompt="blurry, dim"
                ),
                None,
            ),
            (sample_documents.document("other", prompt="dragonfly"), None),
        ],
    )
    tree = parse_filter(text)
    assert tree is not None
    with index.reading() as connection:
        snapshot = IndexReader(index).at(connection)
        numbers = snapshot.number[holds(tree, snapshot, connection)].tolist()
        hits = [values["name"] for values in index.values(connection, numbers).values()]
    index.close()
    assert sorted(hits) == names
