-- A pattern on the source.
match(toString(l.source), {value:String})
