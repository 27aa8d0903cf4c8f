"""Hits with texts, for tests of pages that show them."""

from __future__ import annotations

from typing import Any

from tests.faults.synthetic import hit
from tests.support.scenario_api import CDN, Reply, answer


def image_hit(  # the fields that carry words, each optional
    number: int,
    name: str,
    *,
    prompt: str = "",
    tags: str = "",
    job: str = "",
) -> dict[str, Any]:
    """A hit whose id is `asset_` and its name; `tags` are separated by blanks."""
    found = hit(number * 8, cdn=CDN)  # every eighth synthetic hit is an image
    found["id"] = f"asset_{name}"
    found["tags"] = tags.split()
    found["metadata"] |= {"name": name, "prompt": prompt, "parentJobId": job}
    return found


def asset_response(found: dict[str, Any]) -> Reply:
    """The hit as GET /assets/{id} answers it."""
    return answer({"asset": found})
