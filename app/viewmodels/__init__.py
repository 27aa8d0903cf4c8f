"""View models: the content of each page as one frozen value, for its template. No I/O."""

from app.viewmodels.asset import AssetView, asset_view
from app.viewmodels.parts.search_bar import BarView, bar_view
from app.viewmodels.results import ResultsView, results_view

__all__ = [
    "AssetView",
    "BarView",
    "ResultsView",
    "asset_view",
    "bar_view",
    "results_view",
]
