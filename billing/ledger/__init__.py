"""The usage ledger in its store: evidence read for metering, rows written and read, publications copied to it."""
