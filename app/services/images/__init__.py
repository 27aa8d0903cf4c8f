"""Images of other people: fetched, decoded in confined processes, stored as examples."""
