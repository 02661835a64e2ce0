"""A local ClickHouse: the chDB engine behind ClickHouse's HTTP interface, one process a store."""
