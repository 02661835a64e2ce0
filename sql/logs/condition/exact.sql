-- A text anywhere in the body, in this very case.
position(l.body, {value:String}) > 0
