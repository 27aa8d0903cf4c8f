"""3D models: facts and pictures."""
