"""Every SQL statement and migration."""
