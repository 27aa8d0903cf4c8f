"""Fields, documents and text analysis."""
