"""Every artefact that is rendered from the catalogue."""
