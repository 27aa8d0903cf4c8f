"""Links that admit without a sign-in: signed links, links to reviews, their guests."""
