"""The control store on SQLite and on a real PostgreSQL; tokens, tenants, scopes, regions, settings and errors."""
