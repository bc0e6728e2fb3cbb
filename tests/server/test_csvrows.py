"""CSV of KPI rows, read back and attacked."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Row
from gateway.server.csvrows import csv_rows

ATTACKS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("http://x","y")',
    '"=1',
    ";=1",
    ",=1",
    'a";=1;"',
    "a\n=1",
    " =1",
    "|-1",
    "; -1",
    "\u2028=1",
    "\uff1d1",
]


def row(dims: dict[str, Any], value: Any = 1.0) -> Row:
    """A row with these dims and this value."""
    return Row("kpi", dims, 1000, 2000, value, "final", 3)


def cells(text: bytes) -> list[list[str]]:
    """All cells as a CSV reader sees them."""
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_columns_and_plain_rows() -> None:
    """The header and a row are just what the contract says, numbers without quotes."""
    assert csv_rows([row({"country": "DE"}, 12.0)]) == (
        b'dims,start,end,value,kind,rev\r\n"{""country"":""DE""}",1000,2000,12.0,final,3\r\n'
    )
    assert csv_rows([]) == b"dims,start,end,value,kind,rev\r\n"
    assert csv_rows([row({})], whole=True) == (
        b'dims,start,end,value,kind,rev,error,keys\r\n"{}",1000,2000,1.0,final,3,,\r\n'
    )


def test_what_an_approximate_or_pooled_row_says_of_itself_is_there() -> None:
    """Who asks for whole rows can tell a table of estimates from one of counts."""
    text = csv_rows([row({}, 10_000)._replace(error=0.016, keys=7)], whole=True)
    assert cells(text)[1][3:] == ["10000", "final", "3", "0.016", "7"]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-0.5, "-0.5"),
        (7, "7"),
        (1e300, "1e+300"),
        ("a,b", '"a,b"'),
        ({"steps": [3, -2]}, '{"steps":[3,-2]}'),
        (True, "true"),
    ],
)
def test_values_keep_their_meaning(value: Any, cell: str) -> None:
    """None is empty, numbers are numbers, negative ones too, all else is JSON."""
    assert cells(csv_rows([row({}, value)]))[1][3] == cell


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_begins_a_formula(attack: str) -> None:
    """Wherever a text cell is split by a reader with other separators, no piece begins like a formula."""
    dims = {"page": attack, attack: "x"}
    text = csv_rows([row(dims, {"items": [[attack, -1]]}), row({}, attack)]).decode()
    for separator in ",;|\t":
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in line:
                assert not cell.lstrip('" ').startswith(("=", "+", "@")), cell
                assert not cell.startswith(("\t", "\r", "\n"))
    assert not any(sign in text for sign in ('"=', '"+', '"@', ";=", ",=", " =", "|-"))
    read = cells(text.encode())
    assert json.loads(read[1][0]) == dims
    assert json.loads(read[1][3]) == {"items": [[attack, -1]]}
    assert json.loads(read[2][3]) == attack


@given(
    st.dictionaries(st.text(max_size=9), st.one_of(st.text(), st.floats(allow_nan=False), st.booleans()), max_size=4)
)
def test_dims_survive(dims: dict[str, Any]) -> None:
    """Whatever the dims are, a CSV reader and a JSON parser give them back, in one row of six cells."""
    try:
        json.dumps(dims, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate cannot come out of the engine: it never came in
    read = cells(csv_rows([row(dims)]))
    assert len(read) == 2
    assert len(read[1]) == 6
    back = json.loads(read[1][0])
    assert {k: v for k, v in back.items() if v is not None} == {
        k: v for k, v in dims.items() if not (isinstance(v, float) and v in (float("inf"), float("-inf")))
    }
