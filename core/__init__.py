"""What a tenant, a scope, a region and a principal are; settings, the control store, errors, logging."""
