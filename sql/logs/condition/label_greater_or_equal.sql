-- One of some attributes is written as a number ({number}: the form of one) that compares so.
arrayExists(k -> match(l.attributes[k], {number:String}) AND ifNull(toFloat64OrNull(l.attributes[k]) >= {value:Float64}, 0), {keys:Array(String)})
