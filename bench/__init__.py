"""What README and docs quote: each module is a command, run as `python -m bench.NAME`."""
