"""Logs: one JSON object a line on stderr, for our own events and for those of the libraries.

What a client sent has no place in a log: events carry codes, counts and addresses. As a second line of defence, keys
that name a payload or a secret are blanked, texts are cut, and everything that is not printable ASCII is escaped, so
that no log viewer can be made to run or hide anything.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["configure_logs"]

_SECRET: Final = frozenset({"authorization", "body", "data", "frame", "key", "payload", "secret", "text", "token"})
_MAX_TEXT: Final = 4_096  # a traceback fits, a frame does not


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Set up both logging systems. `level` is debug, info, warning or error; may be called again."""
    number = logging.getLevelNamesMapping()[level.upper()]
    output = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _discreet,
    ]
    render = structlog.processors.JSONRenderer(_line)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries say little that matters below a warning, and some format every frame.
    root.setLevel(max(number, logging.WARNING))


def _line(event: Any, **_options: Any) -> str:
    """One line of printable ASCII: to a terminal, C1 controls and bidirectional marks are escape sequences too."""
    # DEL is the one ASCII control that JSON leaves as it is.
    return json.dumps(event, ensure_ascii=True, default=repr).replace("\x7f", "\\u007f")


def _discreet(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank what may be secret, cut what is long."""
    for name, value in event.items():
        if name in _SECRET:
            event[name] = "[redacted]"
        else:
            event[name] = _short(value)
    return event


def _short(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"{value[:_MAX_TEXT]}[{len(value) - _MAX_TEXT} more]"
    return value
