"""What is inside a file: file types, decoders, and the isolation they run in."""
