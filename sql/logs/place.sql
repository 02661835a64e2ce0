-- Where a record of an export is and whose: what is looked at before it is handed on, and where it goes on from.
    l.project_id,
    toString(l.environment) AS environment_text,
    toString(l.service_id) AS service_text,
    l.timestamp,
    l.id,
    toString(l.project_id) AS project_text
