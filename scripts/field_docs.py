"""Write docs/fields.md from the field table, app/query/fields.py.

python -m scripts.field_docs
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.query.fields import FIELDS

if TYPE_CHECKING:
    from app.query.field_spec import FieldSpec

PAGE: Final = Path(__file__).parent.parent / "docs" / "fields.md"
_HEAD: Final = """# Fields

Written from `app/query/fields.py` by `make field-docs`. Facets and ranges are URL parameters with
these names; every filterable field can be used in a `filter` expression.

| field | meaning | type | in the URL | filterable | CSV |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page: a row for each field that can be searched or exported."""
    used = (spec for spec in FIELDS if spec.filterable or spec.csv)
    return _HEAD + "".join(f"| {' | '.join(_row(spec))} |\n" for spec in used)


def _row(spec: FieldSpec) -> tuple[str, ...]:
    parameter = ""
    if spec.facet:
        names = (spec.name, *([f"{spec.name}.all"] if spec.all_of else []), f"{spec.name}.not")
        parameter = ", ".join(f"`{name}=`" for name in names)
    elif spec.range:
        parameter = f"`{spec.name}=a..b`"
    return (
        f"`{spec.name}`",
        f"{spec.label} ({spec.unit})" if spec.unit else spec.label,
        spec.kind,
        parameter,
        "yes" if spec.filterable else "",
        "yes" if spec.csv else "",
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
