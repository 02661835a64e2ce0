"""What a hostile tenant sends to the front-door, and the proof that nothing of it reaches another tenant's data."""
