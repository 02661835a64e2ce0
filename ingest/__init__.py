"""Telemetry in: Envoy cluster names to tenant tuples."""
