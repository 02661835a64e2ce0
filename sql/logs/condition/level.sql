-- A severity between two numbers, both included.
(l.severity BETWEEN {low:UInt16} AND {high:UInt16})
