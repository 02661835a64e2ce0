"""The dashboards: their form, and their every query through the real front-door."""
