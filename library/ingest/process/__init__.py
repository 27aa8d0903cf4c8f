"""The process of an indexer: its start, its lock, its state, its console."""
