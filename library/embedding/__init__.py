"""Embeddings: vectors for pictures, sounds and texts."""
