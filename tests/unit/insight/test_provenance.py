"""What a provenance sheet says of an asset, and what it counts as missing."""

from __future__ import annotations

from typing import Any

import pytest

from app.insight.provenance import (
    LOST_FILE,
    LOST_PARENT,
    NO_AUTHOR,
    NO_LICENCE,
    NO_MODEL,
    NO_ORIGIN,
    NO_PROMPT,
    Parent,
    gaps_first,
    provenance,
)
from app.scenario.assets import Asset, Metadata

STATED: dict[str, Any] = {"author": "Ada", "license": "CC0"}


def asset(*tags: str, **metadata: Any) -> Asset:
    """An asset with tags and metadata."""
    return Asset(id="asset_1", tags=tags, metadata=Metadata(**metadata))


@pytest.mark.parametrize(
    ("made", "origin"),
    [
        (asset(type="inference-txt2img"), "ai"),
        (asset(type="a type of next year"), "ai"),
        (asset(type="uploaded", modelId="flux"), "ai"),
        (asset(type="uploaded", prompt="a castle"), "ai"),
        (asset(type="uploaded"), "unknown"),
        (asset(type="canvas-export"), "unknown"),
        (asset(), "unknown"),
        (asset("made-by:hand", type="inference-txt2img"), "hand"),
        (asset("Made-By: AI", type="uploaded"), "ai"),
        (asset("made-by:somebody"), "unknown"),
    ],
)
def test_how_it_was_made(made: Asset, origin: str) -> None:
    """By its type, model and prompt; a tag wins over them."""
    assert provenance(made, {}, {}).origin == origin


def test_gaps_of_a_generated_asset() -> None:
    """Model and prompt are gaps of what AI made, and of nothing else."""
    generated = provenance(asset(type="txt2img"), {}, {})
    assert generated.gaps == (NO_MODEL, NO_PROMPT, NO_AUTHOR, NO_LICENCE)
    drawn = provenance(asset("made-by:hand", **STATED), {}, {})
    assert drawn.gaps == ()
    assert provenance(asset(**STATED), {}, {}).gaps == (NO_ORIGIN,)


def test_texts_and_names() -> None:
    """The licence of a tag wins over that of the file; a model has its name."""
    made = asset("license:CC BY 4.0", modelId="m1", prompt="a castle", path="a/b.png", **STATED)
    row = provenance(made, {}, {"m1": "Flux"})
    assert (row.model, row.licence, row.author, row.file) == ("Flux", "CC BY 4.0", "Ada", "a/b.png")


def test_the_author_of_the_api() -> None:
    """The id of the author where the file states none; not the one that all local files have."""
    author = provenance(Asset(id="asset_1", authorId="user_1"), {}, {})
    assert author.author == "user_1"
    assert NO_AUTHOR in provenance(Asset(id="asset_1", authorId="local"), {}, {}).gaps


def test_parents_and_files_that_are_gone() -> None:
    """Both are gaps; the parent keeps its id as its name."""
    made = asset(parentId="asset_2", referenceImages=("asset_3",), missing="folder", **STATED)
    row = provenance(made, {"asset_2": Asset(id="asset_2", metadata=Metadata(name="sketch"))}, {})
    assert row.parents == (Parent("asset_2", "sketch"), Parent("asset_3", "asset_3", is_lost=True))
    assert row.gaps == (NO_ORIGIN, LOST_PARENT, LOST_FILE)


def test_names_of_inputs_take_the_place_of_unknown_parents() -> None:
    """Files that are not in the library; not beside parents, which may be the same ones."""
    assert provenance(asset(inputs=("a.png",)), {}, {}).inputs == ("a.png",)
    assert provenance(asset(inputs=("a.png",), parentId="asset_2"), {}, {}).inputs == ()


def test_gaps_come_first() -> None:
    """The most of them first, otherwise in their order."""
    rows = [provenance(asset(**values), {}, {}) for values in (STATED, {}, STATED)]
    assert gaps_first(rows) == (rows[1], rows[0], rows[2])
