"""Settings from environment variables: declared, read, checked.

Imports only the standard library, because it runs before anything is installed.
"""
