"""The client of the Scenario API."""
