"""Texts, keywords and dates that files state about themselves, whatever program wrote them."""
