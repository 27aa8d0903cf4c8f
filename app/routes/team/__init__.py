"""Pages that a team shares: reviews, saved and frozen searches."""
