"""`tidegate audit`: the same definition once more, over the event log and in DuckDB, beside what was published."""
