"""`/code`: a search in the languages that programs are written in."""

from __future__ import annotations

from flask import Blueprint, render_template

from app import words
from app.errors import Problem, UnknownReference
from app.exports.code import CodeView
from app.exports.snippets import Api, pictures_of, snippets
from app.pages import requested, site
from app.pages.handing import origin
from app.views.bar import bar_parts

blueprint = Blueprint("code", __name__)


@blueprint.get("/code")
def code() -> str:
    """Show the snippets of exactly the search in the address."""
    services = site()
    settings = services.settings
    search, display, problems = requested()
    lost: list[Problem] = []

    def mime_of(reference: str) -> str:
        try:
            return services.references.get(reference)[1]
        except UnknownReference as error:
            side = "like" if reference in search.like else "unlike"
            lost.append(Problem(side, reference, error.message))
            return "image/jpeg"

    url = services.api_url(origin())
    api = Api(url, settings.project_id, is_bearer=bool(settings.jwt))
    pictures = pictures_of(search, mime_of)
    page = CodeView(
        **bar_parts(search, display, services.known(search.examples)),
        title=words.title(search),
        snippets=snippets(search, api, pictures),
        pictures=pictures,
        variables=api.variables,
        is_embedded=url != settings.base_url,
        problems=(*problems, *lost),
        back_url=display.url(search),
    )
    return render_template("exports/code.html", page=page)
