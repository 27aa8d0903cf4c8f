"""Pages and forms that change assets."""
