"""Pages about the folders of Akin's own library."""
