-- A source; the value is one of the column's own.
l.source = {value:String}
