-- The tenant: always the first condition. Row policies on the server say the same once more.
l.project_id = {project:UUID}
