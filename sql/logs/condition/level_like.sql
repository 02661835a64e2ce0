-- A pattern on the level's name; {names} are those of all severities.
match(arrayElement({names:Array(String)}, l.severity + 1), {value:String})
