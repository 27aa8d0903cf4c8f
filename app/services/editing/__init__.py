"""Changes of assets: plans, calls, the worker in the background, rejected assets."""
