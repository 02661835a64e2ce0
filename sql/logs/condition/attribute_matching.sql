-- A regular expression on an attribute's value.
(mapContains(l.attributes, {key:String}) AND match(l.attributes[{key:String}], {value:String}))
