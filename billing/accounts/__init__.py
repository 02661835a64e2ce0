"""The control store's side of billing: prices in force, plans, invoices, credits, the journal, budgets, suppliers."""
