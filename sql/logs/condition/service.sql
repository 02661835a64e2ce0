-- A service.
l.service_id = {value:UUID}
