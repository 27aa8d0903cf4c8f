"""What people decided: stored, applied to the index, exported, backed up."""
