"""Connections to other servers: deadlines, circuit breaker, the in-process adapter."""
