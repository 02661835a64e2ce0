"""Grafana dashboards; their data source is the front-door, never a store."""
