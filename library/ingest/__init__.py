"""Folder -> store."""
