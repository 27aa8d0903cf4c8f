"""The library conforms to its OpenAPI document for all generated requests."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from library import create_library
from library.api import openapi
from library.home import KeyPair
from tests.contract.items import items
from tests.support import sample_documents

if TYPE_CHECKING:
    from flask import Flask

PAIR = "Basic " + base64.b64encode(b"key:secret").decode()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    home = tmp_path_factory.mktemp("home")
    sample_documents.library(home, items()).close()
    pair = KeyPair("key", "secret")
    return create_library(home, key_pair=pair, models=sample_documents.Tastes(), write="all")


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("path", json.loads(openapi.page())["paths"])
def test_every_answer_is_one_that_the_page_names(library: Flask, path: str) -> None:
    page = schemathesis.openapi.from_wsgi("/v1/openapi.json", library)
    for operation in page[path].values():

        @settings(max_examples=20, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE))
        def answers(case: schemathesis.Case) -> None:
            answer = case.call(headers={"Authorization": PAIR})
            case.validate_response(answer, checks=CHECKS)

        answers()


IDS = st.sampled_from(
    [sample_documents.asset_id("castle 00"), sample_documents.asset_id("splash"), "asset_nowhere"]
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(["castle", "catle 00", "城", "a b c d", " "]) | st.text(),
        "querySemanticRatio": st.sampled_from([0, 0.5, 1]),
        "image": IDS,
        "images": st.fixed_dictionaries(
            {}, optional={"like": st.lists(IDS), "unlike": st.lists(IDS)}
        ),
        "imageSemanticRatio": st.floats(0, 1),
        "filter": st.sampled_from(
            ["kind = image", "width > 70 OR NOT prompt:red", "tags IN [ship, 'set 1']", "kind ="]
        ),
        "sortBy": st.lists(st.sampled_from(["width:asc", "createdAt:desc", "score:asc"])),
        "limit": st.integers(1, 100),
        "offset": st.integers(0, 10**12),
        "public": st.booleans(),
        "facets": st.lists(st.sampled_from(["kind", "tags", "size", "*"])),
        "facetFilters": st.dictionaries(
            st.sampled_from(["kind", "tags", "colour"]),
            st.sampled_from(["", "width > 70", "kind ="]),
        ),
        "showRankingScore": st.booleans(),
        "exactWords": st.sampled_from(["", "only", "except"]),
    },
)


def test_every_sensible_search_is_answered_in_the_shape_of_the_page(library: Flask) -> None:
    page = schemathesis.openapi.from_wsgi("/v1/openapi.json", library)
    operation = page["/search/assets"]["POST"]
    statuses = set()

    @given(body=BODIES)
    def answers(body: dict[str, Any]) -> None:
        case = operation.Case(body=body, media_type="application/json")
        answer = case.call(headers={"Authorization": PAIR})
        case.validate_response(answer, checks=CHECKS)
        statuses.add(answer.status_code)

    answers()
    assert statuses >= {200, 400}


def test_the_page_needs_no_key_and_everything_on_it_does(library: Flask) -> None:
    client = library.test_client()
    page = json.loads(client.get("/v1/openapi.json").data)
    for path, calls in page["paths"].items():
        for method in calls:
            answer = client.open("/v1" + path.replace("{", "").replace("}", ""), method=method)
            assert answer.status_code == 401, path
