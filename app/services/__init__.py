"""Use cases: searches, assets, example images, health; no Flask."""
