"""What any ClickHouse server must do over HTTP: run against the local one, or by URL against a real one."""
