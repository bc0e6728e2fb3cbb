"""The KPI set that is asked for: a file, or the built-in one."""

from __future__ import annotations

from pathlib import Path

from analytics import KpiSpec
from gateway.errors import FileError

__all__ = ["load_kpis"]


def load_kpis(path: str) -> list[KpiSpec]:
    """The KPI set of a file, or the built-in one.

    Raises:
        FileError: the file cannot be read.
        KpiError: a definition cannot run; the message is one line with the KPI's name and the place.
    """
    if not path:
        return KpiSpec.default()
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise FileError("kpis", f"cannot read {path}: {error.strerror}", "unreadable") from None
    except UnicodeDecodeError:
        raise FileError("kpis", f"{path} is not UTF-8", "unreadable") from None
    return KpiSpec.parse(text, path)
