"""More processes: workers accept, read and decode; the analytics process admits, logs and counts what they bring."""
