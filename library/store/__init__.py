"""The database: tables, write, read."""
