"""One step of the control store's schema per file, in the order of their revisions."""
