"""The answers to a review as CSV: one line per asset, two columns per person."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from app.exports.csv_table import BYTE_ORDER_MARK, cell
from app.insight.review_results import asset_results

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.query.reviews import Answer, Review

COLUMNS: Final = ("place", "asset", "name", "deleted", "yes", "maybe", "no", "lead")


def review_csv(
    review: Review, answers: Sequence[Answer], existing: Collection[str] | None
) -> bytes:
    """Return the table; `existing` are the ids of assets that are not deleted, None: unknown.

    People are in the order of their first answer; two of the same name have columns of their own.
    """
    people = {each.person.id: each.person for each in sorted(answers, key=lambda each: each.given)}
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    names = [name for each in people.values() for name in (each.label, f"{each.label}: comment")]
    writer.writerow([cell(each) for each in (*COLUMNS, *names)])
    for result in asset_results(review, answers):
        asset = result.asset
        is_deleted = existing is not None and asset.id not in existing
        row: list[str | int] = [result.place, asset.id, asset.name, "yes" if is_deleted else ""]
        row += [result.yes, result.maybe, result.no, result.lead]
        by_person = {each.person.id: each.opinion for each in result.answers}
        for person in people:
            opinion = by_person.get(person)
            row += [opinion.verdict.value, opinion.comment] if opinion else ["", ""]
        writer.writerow([cell(each) for each in row])
    return out.getvalue().encode("utf-8", "replace")
