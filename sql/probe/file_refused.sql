-- Reader: the start-up probe; a reader must reach nothing but its tables.
SELECT count() FROM file('/dev/null', 'RawBLOB', 'line String')
