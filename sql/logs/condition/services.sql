-- The services that the scope is narrowed to.
l.service_id IN {services:Array(UUID)}
