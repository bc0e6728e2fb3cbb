"""`tidegate replay`: reads recordings, prints rows."""
