-- A regular expression on the body.
match(l.body, {value:String})
