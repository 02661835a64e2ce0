"""Tests of `billing.ledger` on the real engine."""
