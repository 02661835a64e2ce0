"""Tests mirror the packages; real Envoy, VictoriaMetrics and PostgreSQL where they matter."""
