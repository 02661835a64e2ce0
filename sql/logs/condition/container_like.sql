-- A pattern on the container.
match(l.container, {value:String})
