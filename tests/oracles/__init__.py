"""The engine against databases that were written by others: the same events, the same question, equal rows."""
