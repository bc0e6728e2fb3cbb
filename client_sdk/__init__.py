"""Clients of a Tidegate gateway: `browser/` holds the JavaScript SDK, `python` the Python client."""
