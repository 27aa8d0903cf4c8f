"""Hits with words, for pages that say something about them."""

from __future__ import annotations

from typing import Any

from tests.faults.synthetic import hit
from tests.pages.wire import CDN, Reply, answer


def picture(  # the fields that carry words, each optional
    number: int,
    name: str,
    *,
    prompt: str = "",
    tags: str = "",
    job: str = "",
    score: float | None = None,
) -> dict[str, Any]:
    """A hit whose id is `asset_` and its name; `tags` are separated by blanks."""
    found = hit(number * 8, cdn=CDN)  # every eighth synthetic hit is an image
    found["id"] = f"asset_{name}"
    found["tags"] = tags.split()
    found["metadata"] |= {"name": name, "prompt": prompt, "parentJobId": job}
    if score is not None:
        found["_rankingScore"] = score
    return found


def asset(found: dict[str, Any]) -> Reply:
    """The hit as GET /assets/{id} answers it."""
    return answer({"asset": found})
