-- A pattern on the environment.
match(l.environment, {value:String})
