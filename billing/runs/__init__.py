"""Billing runs: who may run, what one run over a cluster and hour does, what it publishes, what is due."""
