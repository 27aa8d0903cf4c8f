"""The file formats that a search or a selection is exported in."""
