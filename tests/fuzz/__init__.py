"""Random bytes, led by coverage, at what reads a stranger's words and files: `make fuzz`."""
