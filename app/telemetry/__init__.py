"""What happened: events, metrics, redaction."""
