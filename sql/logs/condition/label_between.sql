-- One of some attributes is written as a number ({number}: the form of one) within bounds.
arrayExists(k -> match(l.attributes[k], {number:String}) AND ifNull(toFloat64OrNull(l.attributes[k]) BETWEEN {low:Float64} AND {high:Float64}, 0), {keys:Array(String)})
