"""Usage, FOCUS rows and invoices of one workspace, as pages of the front-door."""
