"""Video and sound: facts, frames, colours, waveforms."""
