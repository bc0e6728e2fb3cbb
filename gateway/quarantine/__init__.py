"""`tidegate quarantine`: rejected events as a dead-letter queue, to be looked at, taken out, mended and sent again."""
