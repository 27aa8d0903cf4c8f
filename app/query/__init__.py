"""Searches, filters, display settings and selections as frozen values. No I/O, no Flask."""
