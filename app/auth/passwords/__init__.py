"""Sign-in by password: the user store, and limits on attempts."""
