"""View models: what each page shows, as one frozen value a page. No HTTP, no HTML, no I/O."""

from app.views.asset import AssetView, asset_view
from app.views.bar import BarView, bar_view
from app.views.panel import Vocabulary
from app.views.results import Found, ResultsView, results_view

__all__ = [
    "AssetView",
    "BarView",
    "Found",
    "ResultsView",
    "Vocabulary",
    "asset_view",
    "bar_view",
    "results_view",
]
