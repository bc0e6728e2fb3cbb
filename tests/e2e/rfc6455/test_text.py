"""Family 6: UTF-8. The texts are those of Markus Kuhn's stress test of decoders; here each is a string in a message.

Family 6.4 asks for more than the RFC does: that a wrong octet ends the connection at once. It ends with its message.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.rfc6455.peer import (
    CONTINUATION,
    KOSME,
    TEXT,
    Case,
    Heard,
    chopped,
    connected,
    frame,
    numbered,
    play,
)

MIXED = "Hello-µ@ßöäüàá-UTF-8!!".encode()
BEFORE, BEHIND = b'{"type":"subscribe","kpi":"none","id":1,"pad":"', b'"}'
UNDERSTOOD: tuple[tuple[Heard, ...], int | None] = ((("answer", 1),), None)
REFUSED: tuple[tuple[Heard, ...], int | None] = ((("error", "bad_utf8"),), 1007)
NO_JSON: tuple[tuple[Heard, ...], int | None] = ((("error", "bad_json"),), 4000)
"""Of what is valid UTF-8 all the same: the empty text, and a control character in a string."""


def said(text: bytes) -> bytes:
    """A message with this text in it."""
    return BEFORE + text + BEHIND


def parts(*payloads: bytes) -> tuple[bytes, ...]:
    """One message in these fragments."""
    last = len(payloads) - 1
    return tuple(frame(CONTINUATION if at else TEXT, part, fin=at == last) for at, part in enumerate(payloads))


def octets(text: bytes) -> tuple[bytes, ...]:
    """A message in fragments that end behind each octet of the text in it."""
    return parts(BEFORE, *(bytes([octet]) for octet in text), BEHIND)


def alone(family: str, texts: Iterable[bytes]) -> list[Case]:
    """Each text in one frame; Python's own decoder says which are valid."""
    return numbered(family, [Case("", (frame(TEXT, said(text)),), *outcome(text)) for text in texts])


def outcome(text: bytes) -> tuple[tuple[Heard, ...], int | None]:
    """What must become of a message with this text in it."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return REFUSED
    return NO_JSON if b"\x00" in text else UNDERSTOOD


SURROGATE, TOO_HIGH, EDITED = b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"edited"
SINGLE = [
    *numbered(
        "6.1",
        [
            Case("", (frame(TEXT),), *NO_JSON),
            Case("", parts(b"", b"", b""), *NO_JSON),
            Case("", parts(b"", said(b"middle frame payload"), b""), *UNDERSTOOD),
        ],
    ),
    *numbered(
        "6.2",
        [
            Case("", (frame(TEXT, said(MIXED)),), *UNDERSTOOD),
            Case("", parts(BEFORE + MIXED[:12], MIXED[12:] + BEHIND), *UNDERSTOOD),
            Case("", octets(MIXED), *UNDERSTOOD),
            Case("", octets(KOSME), *UNDERSTOOD),
        ],
    ),
    *numbered(
        "6.3",
        [
            Case("", (frame(TEXT, said(KOSME + SURROGATE + EDITED)),), *REFUSED),
            Case("", octets(KOSME + SURROGATE + EDITED), *REFUSED),
        ],
    ),
    *numbered(
        "6.4",
        [
            Case("", parts(BEFORE + KOSME, TOO_HIGH, EDITED + BEHIND), *REFUSED),
            Case("", parts(BEFORE + KOSME + TOO_HIGH[:1], TOO_HIGH[1:2], TOO_HIGH[2:] + EDITED + BEHIND), *REFUSED),
            Case("", chopped(frame(TEXT, said(KOSME + TOO_HIGH + EDITED)), len(BEFORE + KOSME) + 6), *REFUSED),
            Case("", chopped(frame(TEXT, said(KOSME + TOO_HIGH + EDITED)), len(BEFORE + KOSME) + 7), *REFUSED),
        ],
    ),
]

INCOMPLETE = [
    *(b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80"),
    *(b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf"),
]
STARTS = [(0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD)]
HIGH, LOW = (0xD800, 0xDB7F, 0xDB80, 0xDBFF), (0xDC00, 0xDFFF)


def surrogate(*units: int) -> bytes:
    """UTF-16 code units, each as if it were a character."""
    return "".join(map(chr, units)).encode("utf-8", "surrogatepass")


TEXTS: list[list[bytes]] = [
    # Some valid sequences, and all beginnings of one.
    [b"hello$world", b"hello\xc2\xa2world", b"hello\xe2\x82\xacworld", b"hello\xf0\xa4\xad\xa2world", KOSME],
    [KOSME[:size] for size in range(1, len(KOSME) + 1)],
    # The first and the last sequence of each length; those of five and six octets are none any more.
    [b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"],
    [b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"],
    [b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"],
    [b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"],
    [b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80"],
    # Octets that go on with nothing, that nothing goes on with, that end too early, that are never there.
    [b"\x80", b"\xbf", *((b"\x80\xbf" * 3)[:size] for size in range(2, 7)), bytes(range(0x80, 0xBF))],
    [b"".join(bytes([octet, 0x20]) for octet in range(first, last)) for first, last in STARTS],
    INCOMPLETE,
    [b"".join(INCOMPLETE)],
    [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"],
    # Longer than they need be: a slash, the last of each length, NUL.
    [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"],
    [b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"],
    [b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"],
    # Halves of UTF-16, alone and in pairs.
    [surrogate(unit) for unit in (*HIGH, 0xDC00, 0xDF80, 0xDFFF)],
    [surrogate(high, low) for high in HIGH for low in LOW],
    # The two last of each of the 17 planes are no characters, and valid; so are the specials.
    [chr(0x10000 * plane + last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)],
    [chr(0xFFF0 + last).encode() for last in range(9, 16)],
]
CASES = SINGLE + [case for family, texts in enumerate(TEXTS, 5) for case in alone(f"6.{family}", texts)]


@pytest.mark.parametrize("case", CASES, ids=[case.number for case in CASES])
def test_case(case: Case, running: GatewayProcess) -> None:
    """Valid UTF-8 is understood, all else ends the connection with 1007."""
    play(case, running)


def test_no_case_is_missing() -> None:
    """3, 4, 2, 4, and so many texts in 6.5 to 6.23."""
    sizes = [5, 11, 4, 2, 4, 3, 5, 8, 5, 10, 1, 3, 5, 5, 5, 7, 8, 34, 7]
    assert [len(texts) for texts in TEXTS] == sizes
    assert len({case.number for case in CASES}) == len(CASES) == 13 + sum(sizes)


def test_valid_texts_are_counted_as_they_were_sent(running: GatewayProcess) -> None:
    """Each of them is a value of its own in the rows, octet for octet, also when it came in fragments."""
    texts = sorted({text for family in TEXTS for text in [MIXED, *family] if outcome(text) == UNDERSTOOD})
    stamp = time.time_ns() // 1_000_000
    events = ",".join(
        f'{{"event":"said","timestamp":{stamp},"properties":{{"text":"{text.decode()}"}}}}' for text in texts
    ).encode()
    batch = b'{"type":"batch","seq":%d,"events":[%b]}'
    cut = len(batch) + events.find(MIXED) + 7  # between the two octets of a character
    second = batch % (2, events)
    claim = {"id": "texts", "epoch": 1, "next_seq": 1}
    with connected(running.port, role="producer", token=WRITE_KEY, producer=claim) as peer:
        peer.write(frame(TEXT, batch % (1, events)))
        assert peer.hear() == ("ack", 1)
        for piece in parts(second[:cut], second[cut : cut + 1], second[cut + 1 :]):
            peer.write(piece)
        assert peer.hear() == ("ack", 2)
    counted = {row["dims"]["text"].encode(): row["value"] for row in running.rows("texts")}
    assert counted == dict.fromkeys(texts, 2)
