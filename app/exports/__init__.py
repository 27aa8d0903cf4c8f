"""What is handed over: a search or a selection as a table, a feed, a sheet, an archive, code."""
