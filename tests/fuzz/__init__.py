"""Coverage-guided fuzzing of the parsers of untrusted text and files: `make fuzz`."""
