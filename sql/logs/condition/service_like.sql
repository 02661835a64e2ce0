-- A pattern on the service.
match(toString(l.service_id), {value:String})
