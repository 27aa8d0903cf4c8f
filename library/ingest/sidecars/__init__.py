"""Sidecars: files beside an asset that describe it, read and written."""
