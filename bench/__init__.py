"""Benchmarks that README and docs quote; most modules are commands: `python -m bench.NAME`."""
