"""Tidegate's network side: `serve(Config.load())` runs a gateway until it is asked to stop."""

from gateway.config import Config

__all__ = ["Config", "serve"]


def serve(config: Config) -> int:
    """Run a gateway until it is asked to stop; the exit code.

    Raises:
        ConfigError, KpiError, StorageError: it could not start.
    """
    # Imported late, so that the pure rooms and the leaves can be used without the whole server.
    from gateway.main import serve as run

    return run(config)
