"""Tests of `billing.runs` on the real engine."""
