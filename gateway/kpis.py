"""The KPI set that is asked for: a file, or the built-in one."""

from __future__ import annotations

from pathlib import Path

from analytics import KpiSpec
from gateway.errors import ConfigError

__all__ = ["load_kpis"]


def load_kpis(path: str) -> list[KpiSpec]:
    """The KPI set of a file, or the built-in one.

    Raises:
        ConfigError: the file cannot be read.
        KpiError: a definition cannot run; the message is one line with the KPI's name and the place.
    """
    if not path:
        return KpiSpec.default()
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise ConfigError("kpis", f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError("kpis", f"{path} is not UTF-8") from None
    return KpiSpec.parse(text, path)
