-- The objects of a region's ClickHouse server that hold a reader to one tenant; an administrator runs them once, after
-- `starmeter migrate`. The server's configuration must have:
--   custom_settings_prefixes = SQL_
--   access_control_improvements: users_without_row_policies_can_read_rows = false,
--     select_from_system_db_requires_grant = true, settings_constraints_replace_previous = true
-- The front-door proves at its start that they are there, and does not serve the region otherwise.
CREATE SETTINGS PROFILE IF NOT EXISTS starmeter_reader ${on_cluster} SETTINGS
    readonly = 1,
    SQL_project = '' CHANGEABLE_IN_READONLY,
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
    use_query_condition_cache = 1 CHANGEABLE_IN_READONLY,
    output_format_json_quote_64bit_integers = 1 CHANGEABLE_IN_READONLY,
    output_format_json_escape_forward_slashes = 0 CHANGEABLE_IN_READONLY,
    output_format_json_validate_utf8 = 1 CHANGEABLE_IN_READONLY,
    output_format_arrow_string_as_string = 1 CHANGEABLE_IN_READONLY,
    output_format_parquet_string_as_string = 1 CHANGEABLE_IN_READONLY,
    date_time_output_format = 'iso' CHANGEABLE_IN_READONLY,
    log_comment = '' CHANGEABLE_IN_READONLY;

CREATE ROLE IF NOT EXISTS starmeter_reader ${on_cluster} SETTINGS PROFILE 'starmeter_reader';

GRANT ${on_cluster} SELECT ON starmeter.logs TO starmeter_reader;

GRANT ${on_cluster} SELECT ON starmeter.logs_volume_1m TO starmeter_reader;

-- only: distributed
GRANT ${on_cluster} SELECT ON starmeter.logs_local TO starmeter_reader;

-- only: distributed
GRANT ${on_cluster} SELECT ON starmeter.logs_volume_1m_local TO starmeter_reader;

-- Permissive policies are joined by OR: each table has exactly one for the reader, and what is added must be RESTRICTIVE.
CREATE ROW POLICY IF NOT EXISTS tenant_of_logs ${on_cluster} ON starmeter.logs
    FOR SELECT USING project_id = toUUIDOrZero(getSetting('SQL_project')) TO starmeter_reader;

CREATE ROW POLICY IF NOT EXISTS tenant_of_volume ${on_cluster} ON starmeter.logs_volume_1m
    FOR SELECT USING project_id = toUUIDOrZero(getSetting('SQL_project')) TO starmeter_reader;

-- A distributed table's policy does not hold on the data's own path.
-- only: distributed
CREATE ROW POLICY IF NOT EXISTS tenant_of_local_logs ${on_cluster} ON starmeter.logs_local
    FOR SELECT USING project_id = toUUIDOrZero(getSetting('SQL_project')) TO starmeter_reader;

-- only: distributed
CREATE ROW POLICY IF NOT EXISTS tenant_of_local_volume ${on_cluster} ON starmeter.logs_volume_1m_local
    FOR SELECT USING project_id = toUUIDOrZero(getSetting('SQL_project')) TO starmeter_reader;

-- A table with a policy shows nothing to users whom no policy names: the writer needs its own, or the materialised view
-- that counts records would read none of what it inserts.
CREATE ROLE IF NOT EXISTS starmeter_writer ${on_cluster};

GRANT ${on_cluster} SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, OPTIMIZE, SHOW ON starmeter.* TO starmeter_writer;

CREATE ROW POLICY IF NOT EXISTS writer_of_logs ${on_cluster} ON starmeter.logs${local}
    FOR SELECT USING 1 TO starmeter_writer;

CREATE ROW POLICY IF NOT EXISTS writer_of_volume ${on_cluster} ON starmeter.logs_volume_1m${local}
    FOR SELECT USING 1 TO starmeter_writer;

CREATE ROW POLICY IF NOT EXISTS writer_of_dead_letters ${on_cluster} ON starmeter.dead_letters${local}
    FOR SELECT USING 1 TO starmeter_writer;

-- One user reads for all tenants; the project is passed as quota_key.
CREATE QUOTA IF NOT EXISTS starmeter_reader ${on_cluster} KEYED BY client_key
    FOR INTERVAL 10 minute MAX queries = 6000, read_bytes = 1000000000000, execution_time = 3600 TO starmeter_reader;
