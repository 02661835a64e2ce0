"""The front-door, against real stores."""
