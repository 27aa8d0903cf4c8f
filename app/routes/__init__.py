"""The pages: one module with a blueprint for each."""

from app.routes import (
    asset,
    code,
    crop,
    explain,
    exploration,
    exports,
    extremes,
    feeds,
    groups,
    lineage,
    operations,
    provenance,
    reference_images,
    results,
    robots,
    selection,
    sign_in,
    stored_selections,
    tags,
)
from app.routes.editing import changes, collections, edit, rejects, suggestions
from app.routes.library import folders, indexing, original, problems
from app.routes.team import frozen_searches, review_links, reviews, team_searches

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        asset,
        changes,
        code,
        collections,
        crop,
        edit,
        explain,
        exploration,
        exports,
        extremes,
        feeds,
        folders,
        frozen_searches,
        groups,
        indexing,
        lineage,
        operations,
        original,
        problems,
        provenance,
        reference_images,
        rejects,
        results,
        review_links,
        reviews,
        robots,
        selection,
        sign_in,
        stored_selections,
        suggestions,
        tags,
        team_searches,
    )
)
