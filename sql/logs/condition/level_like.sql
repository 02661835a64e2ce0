-- A pattern on the level's name; {names} are those of the severities; the last is that of all higher ones, too.
match(arrayElement({names:Array(String)}, least(l.severity + 1, length({names:Array(String)}))), {value:String})
