"""The control store's migrations, run by Alembic through a connection that the caller hands over."""
