"""The field table: consistent in itself, equal to the library's, and the source of all else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from app.query.fields import FIELDS, reader
from app.query.sorts import LIBRARY_SORTABLE, LIBRARY_SORTS, SORTABLE, SORTS
from app.scenario.assets import Asset
from library.api import openapi
from scripts import field_docs

ROOT = Path(__file__).parents[3]


def test_names_and_csv_columns_are_unique() -> None:
    """A field is one URL parameter and at most one column."""
    names = Counter(spec.name for spec in FIELDS)
    columns = sorted(spec.csv for spec in FIELDS if spec.csv)
    assert max(names.values()) == 1
    assert columns == list(range(1, len(columns) + 1))


def test_every_field_is_an_attribute_of_an_asset() -> None:
    """Of the asset itself or of its metadata; unknown is None or empty, the id and name are not."""
    values = {spec.name: reader(spec)(Asset(id="asset_1")) for spec in FIELDS}
    known = {name: value for name, value in values.items() if value not in (None, ())}
    assert known == {"id": "asset_1", "name": "asset_1", "kind": "document"}


def test_every_order_has_a_label_in_both_directions() -> None:
    """The selection of orders and the URL parameter accept the same."""
    for sorts, fields in ((SORTS, SORTABLE), (LIBRARY_SORTS, LIBRARY_SORTABLE)):
        assert set(sorts) == {f"{field}:{way}" for field in fields for way in ("asc", "desc")}


def test_the_library_declares_the_same_fields() -> None:
    """By name and kind, as its API documentation lists them."""
    search = json.loads(openapi.page())["components"]["schemas"]["Search"]["properties"]
    assert search["filter"]["x-fields"] == {
        spec.name: spec.kind for spec in FIELDS if spec.filterable
    }
    assert set(search["sortBy"]["x-fields"]) == {*SORTABLE, *LIBRARY_SORTABLE}


def test_the_documentation_lists_the_fields() -> None:
    """`make field-docs` writes the page; the API's own list is copied from its documentation."""
    assert field_docs.PAGE.read_text("utf-8") == field_docs.page()
    api = (ROOT / "docs" / "scenario-api.md").read_text("utf-8")
    _, _, line = api.partition("\nFilterable: `")
    names = line.partition("`")[0].split(", ")
    assert sorted(names) == sorted(
        spec.name for spec in FIELDS if spec.filterable and not spec.extension
    )


# The application with two more entries in the table: a facet and a range, both typed attributes of
# `Metadata` already. The table is replaced before any other module of the application is imported.
PROGRAM = """
import datetime, importlib.util, json, sys

for name in ("field_spec", "fields"):
    spec = importlib.util.spec_from_file_location(f"app.query.{name}", f"app/query/{name}.py")
    fields = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fields)
more = (
    fields.FieldSpec(
        "modelType", "text", "Model type", facet=True, section="Generation", csv=31, linkable=True
    ),
    fields.FieldSpec(
        "negativePromptStrength",
        "number",
        "Strength",
        "percent",
        range=True,
        section="Generation",
        csv=32,
        linkable=True,
    ),
)
names = {each.name for each in more}
fields.FIELDS = (*(each for each in fields.FIELDS if each.name not in names), *more)

from app.exports import csv_table
from app.query import describe
from app.query.display import Display
from app.query.links import SearchLinks
from app.query.params import pairs_of
from app.query.search import Search
from app.scenario.assets import Asset, Metadata
from app.scenario.protocol import EXTENSION
from app.services.results import AssetDetails
from app.viewmodels.asset import asset_view
from app.viewmodels.parts.filter_panel import panel
from app.query.filters import Today

address = "modelType=flux&modelType.not=sd&negativePromptStrength=10..50&createdAt=2025-01-31.."
search = Search.parse(pairs_of(address))
asset = Asset(id="asset_1", metadata=Metadata(modelType="flux", negativePromptStrength=20.0))
links = SearchLinks.of(search, Display())
filters = panel(search, links.start, today=Today(datetime.date(2026, 1, 1)), hits=[asset])
page = asset_view(AssetDetails(asset=asset), Search(), Display(density="small"))
table = b"".join(csv_table.lines([asset], origin="https://akin.example")).decode("utf-8-sig")
print(json.dumps({
    "url": search.url(),
    "expression": search.expression,
    "conditions": [text for _, _, text in describe.conditions(search)],
    "title": describe.title(search),
    "without": links.start.without("modelType", "flux"),
    "counted": "modelType" in EXTENSION["facets"],
    "boxes": [
        (group.label, [(each.value, each.is_chosen) for each in group.options])
        for group in filters.seen
    ],
    "bounds": [(each.label, each.low, each.high) for each in filters.other_bounds][-1],
    "carried": sorted(names & filters.carries),
    "rows": [
        (group.label, row.label, row.value, row.url)
        for group in page.groups
        for row in group.rows
        if row.label in {"Model type", "Strength"}
    ],
    "csv": [line.split(",")[-4:-2] for line in table.splitlines()],
}))
"""


def test_a_field_more_is_used_everywhere() -> None:
    """URL, filter expression, words, links, counts, panel, asset page and CSV derive from it."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    shown: dict[str, Any] = json.loads(run.stdout)
    assert shown == {
        "url": "/?modelType=flux&modelType.not=sd"
        "&createdAt=2025-01-31..&negativePromptStrength=10..50",
        "expression": 'modelType IN ["flux"] AND modelType NOT IN ["sd"]'
        ' AND createdAt >= "2025-01-31"'
        " AND negativePromptStrength >= 10 AND negativePromptStrength <= 50",
        "conditions": [
            "model type flux",
            "no model type sd",
            "created from 2025-01-31",
            "strength 10 to 50 percent",
        ],
        "title": "model type flux · no model type sd · created from 2025-01-31"
        " · strength 10 to 50 percent · newest",
        "without": "/?modelType.not=sd&createdAt=2025-01-31..&negativePromptStrength=10..50",
        "counted": True,
        "boxes": [["Model type", [["flux", True]]]],
        "bounds": ["Strength (percent)", "10", "50"],
        "carried": ["modelType", "negativePromptStrength"],
        "rows": [
            ["Generation", "Model type", "flux", "/?modelType=flux&density=small"],
            [
                "Generation",
                "Strength",
                "20.0 percent",
                "/?negativePromptStrength=20..20&density=small",
            ],
        ],
        "csv": [["modelType", "negativePromptStrength"], ["flux", "20.0"]],
    }
