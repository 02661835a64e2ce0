-- A trace, by 32 hexadecimal digits. Index: by_trace.
l.trace_id = unhex({value:String})
