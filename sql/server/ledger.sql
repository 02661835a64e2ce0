-- The objects of the ledger's ClickHouse server that hold a reader to one workspace; an administrator runs them once,
-- after the ledger is migrated. The server's configuration must have:
--   custom_settings_prefixes = SQL_
--   access_control_improvements: users_without_row_policies_can_read_rows = false,
--     select_from_system_db_requires_grant = true, settings_constraints_replace_previous = true
-- The front-door looks at its start whether they hold, and does not serve usage otherwise.
CREATE SETTINGS PROFILE IF NOT EXISTS starmeter_ledger_reader ${on_cluster} SETTINGS
    readonly = 1,
    SQL_workspace = '' CHANGEABLE_IN_READONLY,
    max_execution_time = 30 MIN 1 MAX 600 CHANGEABLE_IN_READONLY,
    max_memory_usage = 1000000000 MAX 1000000000 CHANGEABLE_IN_READONLY,
    max_threads = 2 MIN 1 MAX 8 CHANGEABLE_IN_READONLY,
    max_rows_to_read = 0 CHANGEABLE_IN_READONLY,
    max_bytes_to_read = 0 CHANGEABLE_IN_READONLY,
    max_result_rows = 0 CHANGEABLE_IN_READONLY,
    max_result_bytes = 0 CHANGEABLE_IN_READONLY,
    max_block_size = 65409 CHANGEABLE_IN_READONLY,
    result_overflow_mode = 'throw' CHANGEABLE_IN_READONLY,
    timeout_overflow_mode = 'throw' CHANGEABLE_IN_READONLY,
    cancel_http_readonly_queries_on_client_close = 1 CHANGEABLE_IN_READONLY,
    http_write_exception_in_output_format = 0 CHANGEABLE_IN_READONLY,
    enable_http_compression = 0 CHANGEABLE_IN_READONLY,
    send_progress_in_http_headers = 0 CHANGEABLE_IN_READONLY,
    http_headers_progress_interval_ms = 10000 CHANGEABLE_IN_READONLY,
    prefer_column_name_to_alias = 1 CHANGEABLE_IN_READONLY,
    use_query_cache = 0 CHANGEABLE_IN_READONLY,
    output_format_json_quote_64bit_integers = 1 CHANGEABLE_IN_READONLY,
    output_format_json_validate_utf8 = 1 CHANGEABLE_IN_READONLY,
    output_format_arrow_string_as_string = 1 CHANGEABLE_IN_READONLY,
    date_time_output_format = 'iso' CHANGEABLE_IN_READONLY,
    log_comment = '' CHANGEABLE_IN_READONLY;

CREATE ROLE IF NOT EXISTS starmeter_ledger_reader ${on_cluster} SETTINGS PROFILE 'starmeter_ledger_reader';

-- Nothing of the evidence: pods, nodes and builds are of all tenants, and only the billing run reads them.
GRANT ${on_cluster} SELECT ON billing.usage TO starmeter_ledger_reader;

GRANT ${on_cluster} SELECT ON billing.publications TO starmeter_ledger_reader;

-- only: distributed
GRANT ${on_cluster} SELECT ON billing.usage_local TO starmeter_ledger_reader;

-- only: distributed
GRANT ${on_cluster} SELECT ON billing.publications_local TO starmeter_ledger_reader;

-- Permissive policies are joined by OR: each table has exactly one for the reader, and what is added must be RESTRICTIVE.
CREATE ROW POLICY IF NOT EXISTS workspace_of_usage ${on_cluster} ON billing.usage
    FOR SELECT USING workspace_id = getSetting('SQL_workspace') AND getSetting('SQL_workspace') != ''
    TO starmeter_ledger_reader;

-- Which runs count is no tenant's; a reader that names no workspace needs none of it.
CREATE ROW POLICY IF NOT EXISTS publications_for_workspaces ${on_cluster} ON billing.publications
    FOR SELECT USING getSetting('SQL_workspace') != '' TO starmeter_ledger_reader;

-- A distributed table's policy does not hold on the data's own path.
-- only: distributed
CREATE ROW POLICY IF NOT EXISTS workspace_of_local_usage ${on_cluster} ON billing.usage_local
    FOR SELECT USING workspace_id = getSetting('SQL_workspace') AND getSetting('SQL_workspace') != ''
    TO starmeter_ledger_reader;

-- only: distributed
CREATE ROW POLICY IF NOT EXISTS local_publications_for_workspaces ${on_cluster} ON billing.publications_local
    FOR SELECT USING getSetting('SQL_workspace') != '' TO starmeter_ledger_reader;

-- The billing run and the intake of evidence. A table with a policy shows nothing to users whom no policy names, hence
-- theirs.
CREATE ROLE IF NOT EXISTS starmeter_ledger_writer ${on_cluster};

GRANT ${on_cluster} SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, OPTIMIZE, SHOW ON billing.*
    TO starmeter_ledger_writer;

CREATE ROW POLICY IF NOT EXISTS writer_of_usage ${on_cluster} ON billing.usage
    FOR SELECT USING 1 TO starmeter_ledger_writer;

CREATE ROW POLICY IF NOT EXISTS writer_of_publications ${on_cluster} ON billing.publications
    FOR SELECT USING 1 TO starmeter_ledger_writer;

-- only: distributed
CREATE ROW POLICY IF NOT EXISTS writer_of_local_usage ${on_cluster} ON billing.usage_local
    FOR SELECT USING 1 TO starmeter_ledger_writer;

-- only: distributed
CREATE ROW POLICY IF NOT EXISTS writer_of_local_publications ${on_cluster} ON billing.publications_local
    FOR SELECT USING 1 TO starmeter_ledger_writer;

-- One user reads for all workspaces; the workspace is passed as quota_key.
CREATE QUOTA IF NOT EXISTS starmeter_ledger_reader ${on_cluster} KEYED BY client_key
    FOR INTERVAL 10 minute MAX queries = 6000, read_bytes = 1000000000000, execution_time = 3600
    TO starmeter_ledger_reader;
