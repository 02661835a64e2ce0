-- Reader: the migration runner. The migrations of a family that a store has.
SELECT m.name AS name, m.checksum AS checksum, m.topology AS topology
FROM starmeter.migrations AS m FINAL
WHERE m.family = {family:String}
ORDER BY m.name
