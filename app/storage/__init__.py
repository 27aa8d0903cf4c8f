"""What processes share: cache, blobs, locks."""
