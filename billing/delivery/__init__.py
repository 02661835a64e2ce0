"""A workspace's usage, day by day, into a bucket of its own."""
