"""View models of the pages about the folders of Akin's own library."""
