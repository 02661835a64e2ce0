"""The telemetry catalogue and what is rendered from it."""
