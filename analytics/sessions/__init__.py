"""Session windows: the events of one key, as long as no gap between them is longer than `gap`."""
