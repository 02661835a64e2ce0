-- Reader: the start-up probe.
SELECT version()
