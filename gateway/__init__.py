"""Tidegate's network side: `serve(Config.load())` runs a gateway until it is asked to stop."""

from gateway.config import Config
from gateway.main import serve

__all__ = ["Config", "serve"]
