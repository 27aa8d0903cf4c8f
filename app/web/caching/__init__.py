"""Caching of pages: entity tags, conditional responses, rendered pages."""
