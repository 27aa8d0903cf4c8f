"""HTTP: routes, files, serialization."""
