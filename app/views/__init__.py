"""View models: what each page shows, as one frozen value a page. No HTTP, no HTML, no I/O."""

from app.views.asset import AssetView, asset_view
from app.views.results import ResultsView, results_view

__all__ = ["AssetView", "ResultsView", "asset_view", "results_view"]
