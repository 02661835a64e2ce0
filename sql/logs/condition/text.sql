-- A text anywhere in the body, in lower case; not LIKE, so that nothing in it needs an escape.
position(lower(l.body), {value:String}) > 0
