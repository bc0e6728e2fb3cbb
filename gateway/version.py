"""The release of the gateway."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
"""The same as in pyproject.toml, which a test checks."""
