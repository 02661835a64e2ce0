"""Metering, usage ledger, rating, invoices and exports."""
