"""Reading of foreign bytes in confined worker processes."""
