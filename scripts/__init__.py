"""Commands of the Makefile and the HTTP server."""
