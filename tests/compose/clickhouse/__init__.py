"""The local ClickHouse."""
