"""Pure functions over searches and assets: explanations, suggestions, groupings. No I/O."""
