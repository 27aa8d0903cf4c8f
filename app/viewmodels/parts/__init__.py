"""Parts of several pages: cards, the search bar, the filter panel, menus, keys."""
