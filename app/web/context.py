"""Context of a request: the services of its application, its search, and its time budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from flask import current_app, request

from app.auth.base_path import base_path
from app.query.parsing import parse
from app.scenario import request_budget
from app.scenario.request_budget import RequestBudget
from app.web.caching import last_write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from app.errors import Problem
    from app.exports.contact_sheet_service import ContactSheets
    from app.exports.formats import ExportFormats
    from app.query.display import Display
    from app.query.search import Search
    from app.records.selections import Selections
    from app.scenario.client import Client
    from app.scenario.files import FileFetcher
    from app.scenario.key_refusals import RefusedWrites
    from app.scenario.response_cache import ResponseCache
    from app.scenario.transport import Transport
    from app.services.asset_pages import AssetPages
    from app.services.catalog import Catalog
    from app.services.editing.editor import Editor
    from app.services.editing.worker import ChangeWorker
    from app.services.health import HealthChecks
    from app.services.images.reference_images import ReferenceImages
    from app.services.images.remote_pictures import RemotePictures
    from app.services.indexer import Indexer
    from app.services.labels import Labels
    from app.services.team.frozen_searches import FrozenSearches
    from app.services.team.notifications import Notifications
    from app.services.team.reviews import Reviews
    from app.services.team.search_news import SearchNews
    from app.services.team.team_searches import TeamSearches
    from app.services.time_limits import TimeLimits
    from app.storage.database import Database
    from app.web.caching.page_cache import PageCache
    from app.web.files.downloads import Downloads
    from config import Settings

_EXTENSION: Final = "akin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the routes of one application use. Built by `app.build_services`."""

    settings: Settings
    database: Database
    editor: Editor
    worker: ChangeWorker
    selections: Selections
    transport: Transport
    responses: ResponseCache
    client: Client
    catalog: Catalog
    asset_pages: AssetPages
    labels: Labels
    indexer: Indexer
    notifications: Notifications
    references: ReferenceImages
    remote_pictures: RemotePictures
    team_searches: TeamSearches
    search_news: SearchNews
    frozen_searches: FrozenSearches
    reviews: Reviews
    files: FileFetcher
    contact_sheets: ContactSheets
    formats: ExportFormats
    downloads: Downloads
    health: HealthChecks
    pages: PageCache
    version: str  # a digest of the application's source files, its API and its key
    limits: TimeLimits
    clock: Callable[[], float]  # seconds since 1970
    refused_writes: Callable[[], RefusedWrites]  # to the key of this server
    mounts: Mapping[str, str]  # paths of this server -> the origin that the client knows them by

    def api_url(self, origin: str) -> str:
        """Return the URL of the API for other programs; `origin` is that of this server."""
        base_url = self.settings.base_url
        for path, internal_origin in self.mounts.items():
            if base_url.startswith(internal_origin):
                return origin + path + base_url.removeprefix(internal_origin)
        return base_url

    def close(self) -> None:
        """Wait for what is fetched in the background, and fetch nothing any more."""
        self.worker.close()
        self.responses.close()
        self.labels.close()
        self.search_news.close()
        self.notifications.close()
        self.database.close()


def init_app(app: Flask, services: Services) -> None:
    """Give every request of an application its services and a time budget."""
    app.extensions[_EXTENSION] = services
    seconds = services.settings.timeout

    def begin() -> None:
        # Browsers send Sec-Purpose, which scripts may not set: those send Purpose.
        sent = request.environ.get
        purpose = sent("HTTP_SEC_PURPOSE", "") + sent("HTTP_PURPOSE", "")
        caching = sent("HTTP_CACHE_CONTROL", "") + sent("HTTP_PRAGMA", "")
        budget = RequestBudget.lasting(
            seconds,
            is_optional="prefetch" in purpose,
            wants_fresh="no-cache" in caching,
            newer_than=last_write.of_request(now=services.clock()),
        )
        request_budget.begin(budget)

    def end(_error: BaseException | None) -> None:
        request_budget.begin(None)

    app.jinja_env.globals["has_reviews"] = services.reviews.exist
    app.before_request(begin)
    app.teardown_request(end)


def services_of(app: Flask) -> Services:
    """Return the services of an application."""
    return cast("Services", app.extensions[_EXTENSION])


def services() -> Services:
    """Return the services of the application of this request."""
    return services_of(current_app)


def requested() -> tuple[Search, Display, tuple[Problem, ...]]:
    """Return the search in this request's URL and how it is displayed, parsed leniently."""
    return parse(request.query_string)


def origin() -> str:
    """Return the beginning of every absolute URL: scheme, host and base path of this request."""
    return request.host_url.rstrip("/") + base_path()
