-- The first attribute of some keys that is not empty; empty when there is none.
arrayFirst(v -> notEmpty(v), arrayMap(k -> l.attributes[k], {keys:Array(String)})) = {value:String}
