"""Responses that are files: static ones, images, originals, downloads."""
