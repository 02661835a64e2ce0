"""Alembic's entry: runs the migrations inside the caller's transaction, so that they apply wholly or not at all."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
