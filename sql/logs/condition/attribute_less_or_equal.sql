-- An attribute that is written as a number ({number}: the form of one), compared.
(match(l.attributes[{key:String}], {number:String}) AND ifNull(toFloat64OrNull(l.attributes[{key:String}]) <= {value:Float64}, 0))
