"""Akin's web application. `create_app` and `build_services` put its parts together."""

from __future__ import annotations

import functools
import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_compress import Compress

from app import auth
from app.auth import permissions
from app.exports.contact_sheet_service import ContactSheets
from app.exports.formats import FORMATS
from app.exports.pagination import every_hit
from app.network.circuit_breaker import CircuitBreaker
from app.network.receivers import open_receivers
from app.records.change_leases import ChangeLeases
from app.records.changes import Changes
from app.records.frozen_searches import FrozenSearchStore
from app.records.notifications import NotificationStore
from app.records.recent_effects import RecentEffects
from app.records.reviews import ReviewStore
from app.records.searches import TeamSearchStore
from app.records.selections import Selections
from app.routes import BLUEPRINTS
from app.scenario.client import Client
from app.scenario.files import FileFetcher
from app.scenario.key_refusals import FOLDER, KeyRefusals, WriteRefusals, scope_of
from app.scenario.overlay import Overlay
from app.scenario.protocol import EXTENSION
from app.scenario.rate_limits import AdmissionControl, RateLimit, shared_storage
from app.scenario.response_cache import ResponseCache
from app.scenario.transport import Transport, open_session
from app.services.asset_pages import AssetPages
from app.services.catalog import Catalog
from app.services.editing.editor import Editor
from app.services.editing.worker import ChangeWorker
from app.services.health import (
    HealthChecks,
    Trial,
    library_trials,
    notification_trials,
    trials,
)
from app.services.images.decoding import THUMBNAIL_BYTES, UPLOAD_BYTES, ImageDecoder
from app.services.images.reference_images import ReferenceImages
from app.services.images.remote_pictures import RemotePictures
from app.services.indexer import Indexer
from app.services.known_assets import KnownAssets
from app.services.labels import Labels
from app.services.team.frozen_searches import MOST_HITS, FrozenSearches
from app.services.team.notifications import Notifications
from app.services.team.reviews import Reviews
from app.services.team.search_news import SearchNews
from app.services.team.team_searches import TeamSearches
from app.services.time_limits import TimeLimits
from app.storage.blobs import open_blob_store
from app.storage.cache import open_cache_store
from app.storage.database import Database
from app.telemetry.redaction import Redaction
from app.viewmodels.parts.shortcuts import SHORTCUTS
from app.web import (
    card_renderer,
    context,
    done_notice,
    error_pages,
    external_urls,
    onward,
    request_log,
    security_headers,
    templating,
    tracking,
)
from app.web.caching import page_cache
from app.web.caching.etag import application_version
from app.web.caching.page_cache import PageCache
from app.web.context import Services
from app.web.files import static_files
from app.web.files.downloads import Downloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import requests

    from app.exports.formats import ExportFormats
    from app.storage.cache import CacheStore
    from config import Settings

ROOT = Path(__file__).parent.parent
FORM_BYTES = 128 * 1024  # of a form without files: 200 ids beside the longest search


def create_app(
    settings: Settings,
    *,
    session: requests.Session | None = None,
    mounts: Mapping[str, str] | None = None,
    clock: Callable[[], float] | None = None,
    cache: CacheStore | None = None,
    limits: TimeLimits | None = None,
    formats: ExportFormats = FORMATS,
) -> Flask:
    """Return the web application.

    `session` sends the calls of the API; without one, over the network with the settings' key.
    `mounts` names the paths of this server that other WSGI applications respond to, and the origin
    by which that session reaches them: `{"/library": "http://library.internal"}`.
    `clock` takes the place of the system's clocks, `cache` that of the one in the settings.
    """
    app = Flask(
        "app",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        root_path=str(ROOT / "app"),
    )
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the API's own order
    templating.init_app(app)
    cache = cache or open_cache_store(app, settings.cache_url)
    request_log.init_app(app)
    guard = auth.init_app(app, settings, cache)
    services = build_services(
        settings,
        clock=clock,
        transport=session or open_session(settings.api_key, settings.api_secret, settings.jwt),
        cache=cache,
        mounts=mounts or {},
        limits=limits or TimeLimits(),
        formats=formats,
        more_trials=[Trial("sign-in", guard.backend.check_configuration)],
    )
    page_cache.compress_once(app)
    Compress(app)  # zstd at level 3, else Brotli, else gzip
    external_urls.init_app(app)
    static_files.init_app(app)
    card_renderer.init_app(app)
    app.jinja_env.globals["takes_addresses"] = bool(settings.reference_origins)
    app.jinja_env.globals["shortcuts"] = SHORTCUTS
    security_headers.init_app(app, media_origins=settings.media_origins)
    context.init_app(app, services)
    permissions.init_app(app, settings, services.refused_writes)
    done_notice.init_app(app)
    tracking.init_app(app)
    error_pages.init_app(app)
    onward.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def build_services(
    settings: Settings,
    *,
    clock: Callable[[], float] | None,
    transport: requests.Session,
    cache: CacheStore,
    mounts: Mapping[str, str],
    limits: TimeLimits,
    formats: ExportFormats = FORMATS,
    more_trials: Iterable[Trial] = (),
) -> Services:
    """Return the services of an application, each made of those before it."""
    wall_clock, steady_clock = clock or time.time, clock or time.monotonic
    transport.headers["User-Agent"] = "akin"
    scope = scope_of(
        base_url=settings.base_url,
        key=settings.api_key,
        secret=settings.api_secret,
        jwt=settings.jwt,
        project_id=settings.project_id,
    )
    refusals = KeyRefusals(scope, cache, settings.data / FOLDER, clock=wall_clock)
    write_refusals = WriteRefusals(scope, cache, settings.data / FOLDER, clock=wall_clock)
    counts = shared_storage(cache.client, settings.data / "calls", wall_clock)
    api_transport = Transport(
        base_url=settings.base_url,
        session=transport,
        timeout=settings.timeout,
        project_id=settings.project_id,
        scope=scope,
        admission=AdmissionControl(
            RateLimit(settings.calls_per_minute, counts, scope),
            CircuitBreaker(clock=steady_clock),
            steady_clock,
        ),
        redaction=Redaction.of(settings),
        on_refused_key=refusals.add,
    )
    responses = ResponseCache(
        cache,
        seconds=settings.cache_seconds,
        stale_seconds=settings.stale_seconds,
        call_seconds=settings.timeout,
        refused=refusals.latest,
        clock=wall_clock,
    )
    database = Database(settings.store_url, settings.data)
    is_library = settings.facets == "on" or bool(mounts)
    client = Client(
        api_transport,
        responses,
        extras=EXTENSION if settings.facets == "on" else None,
        is_library=is_library,
        overlay=None
        if is_library
        else Overlay(RecentEffects(database, scope, wall_clock), wall_clock),
        on_refused_write=write_refusals.add,
    )
    references = ReferenceImages(
        open_blob_store(settings.references_url, settings.data / "references"),
        max_bytes=settings.reference_bytes,
        decoder=ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1),
    )
    files = FileFetcher(transport, origins=settings.media_origins, mounts=mounts)
    labels = Labels(client, wait_seconds=limits.labels, clock=steady_clock, wall_clock=wall_clock)
    known = KnownAssets()
    refusals.on_refusal(labels.clear)
    refusals.on_refusal(known.clear)
    indexer = Indexer(client, clock=steady_clock)
    catalog = Catalog(
        client,
        references,
        labels,
        known,
        by_library=bool(mounts),
        limits=limits,
        indexer=indexer,
    )
    worker = ChangeWorker()
    editor = Editor(
        client,
        Changes(database, scope, wall_clock),
        # Longer than the calls for one asset, or for one collection, may take.
        ChangeLeases(database, scope, seconds=max(30.0, 6 * settings.timeout), clock=wall_clock),
        on_waiting=lambda: worker.start(editor),
    )
    # Not of the key: what people stored stays when it is replaced.
    searched = hashlib.sha256(f"{settings.base_url}\n{settings.project_id}".encode()).hexdigest()
    notifications = Notifications(
        NotificationStore(database, searched), open_receivers(settings.notify), clock=wall_clock
    )
    team_searches = TeamSearchStore(database, searched)
    return Services(
        settings=settings,
        database=database,
        editor=editor,
        worker=worker,
        selections=Selections(database, wall_clock),
        transport=api_transport,
        responses=responses,
        client=client,
        catalog=catalog,
        asset_pages=AssetPages(
            client, catalog, labels, known, is_local=settings.auth == "none" and bool(mounts)
        ),
        labels=labels,
        indexer=indexer,
        notifications=notifications,
        references=references,
        remote_pictures=RemotePictures(
            files,
            FileFetcher(open_session("", "", ""), origins=settings.reference_origins),
            origins=settings.reference_origins,
            max_bytes=settings.reference_bytes,
            seconds=settings.timeout,
        ),
        team_searches=TeamSearches(team_searches, names=labels.collection_names, clock=wall_clock),
        search_news=SearchNews(
            team_searches,
            catalog.count,
            notifications,
            interval=60.0 * settings.news_minutes,
            clock=wall_clock,
        ),
        frozen_searches=FrozenSearches(
            FrozenSearchStore(database, searched),
            functools.partial(every_hit, catalog.page, most=MOST_HITS + 1),
            names=labels.collection_names,
            clock=wall_clock,
        ),
        reviews=Reviews(ReviewStore(database, searched), notifications, clock=wall_clock),
        files=files,
        contact_sheets=ContactSheets(
            files, ImageDecoder(max_bytes=THUMBNAIL_BYTES, at_once=2), limits
        ),
        formats=formats,
        downloads=Downloads(),
        health=HealthChecks(
            [
                *trials(api_transport, cache, references),
                Trial("store", database.check),
                *library_trials(client, is_mounted=bool(mounts)),
                *notification_trials(notifications),
                *more_trials,
            ]
        ),
        pages=PageCache(),
        version=application_version(ROOT) + scope,
        limits=limits,
        clock=wall_clock,
        refused_writes=write_refusals.current,
        mounts=mounts,
    )
