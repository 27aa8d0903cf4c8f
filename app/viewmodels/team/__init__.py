"""View models of reviews, saved and frozen searches."""
