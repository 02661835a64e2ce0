-- A container.
l.container = {value:String}
