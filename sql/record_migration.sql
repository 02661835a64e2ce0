-- Writer: the migration runner, after every statement of a migration has run.
INSERT INTO starmeter.migrations (family, name, checksum, topology)
SELECT {family:String}, {name:String}, {checksum:String}, {topology:String}
