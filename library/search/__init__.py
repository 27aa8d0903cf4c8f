"""Query -> ranked hits, counts, facets."""
