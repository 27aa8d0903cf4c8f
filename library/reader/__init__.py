"""The in-memory snapshot of the store."""
