"""Statements and migrations, on the real engine."""
