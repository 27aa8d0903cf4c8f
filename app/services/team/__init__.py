"""What a team shares: reviews, saved and frozen searches, news, notifications."""
