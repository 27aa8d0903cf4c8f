"""The databases that store a library: SQLite and PostgreSQL."""
