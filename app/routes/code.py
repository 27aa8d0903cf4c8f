"""`/code`: a search as code in several programming languages."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.errors import Problem, UnknownReference
from app.exports.code_snippets import Api, pictures_of, snippets
from app.query import describe
from app.viewmodels.code import CodeView
from app.viewmodels.parts.search_bar import bar_parts
from app.web.context import origin, requested, services

blueprint = Blueprint("code", __name__)


@blueprint.get("/code")
def code() -> str:
    """Show the snippets of exactly the search in the URL, as it is sent to the API."""
    settings = services().settings
    references = services().references
    search, display, problems = requested()
    missing: list[Problem] = []

    def mime_type_of(reference: str) -> str:
        try:
            return references.get(reference)[1]
        except UnknownReference as error:
            side = "like" if reference in search.like else "unlike"
            missing.append(Problem(side, reference, error.message))
            return "image/jpeg"

    url = services().api_url(origin())
    api = Api(url, settings.project_id, is_bearer=bool(settings.jwt))
    pictures = pictures_of(search, mime_type_of)
    sent, extras = services().client.as_sent(search)
    has_closest = search.is_auto and not search.sortBy
    page = CodeView(
        **bar_parts(search, display, services().catalog.examples(search.examples)),
        title=describe.title(search),
        snippets=snippets(sent, api, pictures, extras),
        pictures=pictures,
        variables=api.variables,
        is_embedded=url != settings.base_url,
        closest_url=f"/code{display.suffix(search.closest())}" if has_closest else "",
        problems=(*problems, *missing),
    )
    return render_template("code.html", page=page)
