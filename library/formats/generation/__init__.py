"""Generation parameters that image generators store in their files: one module a maker."""
