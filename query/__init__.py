"""The front-door: authenticate, scope, rebuild the upstream read, answer."""
