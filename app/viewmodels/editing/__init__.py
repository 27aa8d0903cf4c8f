"""View models of the pages that change assets."""
