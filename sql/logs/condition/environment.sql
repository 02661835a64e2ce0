-- An environment.
l.environment = {value:String}
