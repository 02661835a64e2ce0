-- An attribute's value; a missing key would read as an empty value.
(mapContains(l.attributes, {key:String}) AND l.attributes[{key:String}] = {value:String})
