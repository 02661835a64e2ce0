-- A pattern on the first attribute of some keys that is not empty; on the empty text when there is none.
match(arrayFirst(v -> notEmpty(v), arrayMap(k -> l.attributes[k], {keys:Array(String)})), {value:String})
