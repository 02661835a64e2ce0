-- Where a record of an export is and whose, as it is stored: what is looked at before it is handed on, and where it goes
-- on from.
    l.project_id,
    l.environment,
    l.service_id,
    l.timestamp,
    l.id
