-- A span, by 16 hexadecimal digits.
l.span_id = unhex({value:String})
