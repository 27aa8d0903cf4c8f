"""What can be said about a search and its answer: why, what tells apart, what costs most.

Pure functions over `Search` and `Asset`: nothing here asks anyone, and nothing knows of pages.
"""
