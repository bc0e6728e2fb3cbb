"""KPI rows as CSV that a spreadsheet can open without running any of it.

Texts come from browsers, so a property may read `=HYPERLINK(..)`. Whatever is no number is JSON text in quotes, and in
it the characters that begin a formula are written as JSON escapes, also after separators, where a spreadsheet with
other settings might begin a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import orjson

from analytics import Row

__all__ = ["csv_rows"]

_HEADER: Final = b"dims,start,end,value,kind,rev"
_ALL: Final = _HEADER + b",error,keys"

# `=` and `@` are never JSON syntax. Signs are, before and within numbers, so they are replaced only where a text
# begins or may seem to begin: after a quote or a semicolon, a pipe or a space, or after a comma within a text.
_ANYWHERE: Final = re.compile(rb"[=@]")
_SIGN: Final = re.compile(rb'(?<=["; |])[+-]')


def csv_rows(rows: Iterable[Row], *, whole: bool = False) -> bytes:
    """The columns of `_HEADER`; dims, and values that are no numbers, as JSON text. What is null is empty. RFC 4180.

    A `whole` row also says how approximate it is, and how many keys it stands for.
    """
    lines = [_ALL if whole else _HEADER]
    for row in rows:
        dims, value = _quoted(_json(row.dims)), _value(row.value)
        lines.append(b"%b,%d,%d,%b,%b,%d" % (dims, row.start, row.end, value, row.kind.encode(), row.rev))
        if whole:
            lines[-1] += b",%b,%b" % (_value(row.error), _value(row.keys))
    return b"\r\n".join([*lines, b""])


def _value(value: Any) -> bytes:
    if value is None:
        return b""
    return _quoted(_json(value)) if isinstance(value, (str, dict, list, tuple)) else orjson.dumps(value)


def _json(value: Any) -> bytes:
    text = _ANYWHERE.sub(_escape, orjson.dumps(value))
    return _SIGN.sub(_escape, text)


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % match[0][0]


def _quoted(text: bytes) -> bytes:
    return b'"%b"' % text.replace(b'"', b'""')
