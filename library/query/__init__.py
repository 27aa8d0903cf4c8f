"""Request body -> query and filter tree."""
