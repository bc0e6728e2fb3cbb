"""Keys open their own door; origins are compared whole."""

from __future__ import annotations

import pytest

from gateway.core.access import Access, Origins

OWN = ["http://127.0.0.1:8080", "http://localhost:8080"]


def test_each_key_has_its_role() -> None:
    """A write key does not view, a view key does not write, nothing else does either."""
    access = Access(["w1", "w2"], ["v1"])
    assert [access.may_write(key) for key in ("w1", "w2", "v1", "", "w", "w11")] == [True, True] + [False] * 4
    assert [access.may_view(key) for key in ("v1", "w1", "")] == [True, False, False]
    assert not access.may_write("\ud800")
    assert [access.refusal(key, viewing=False) for key in ("w1", "v1", "", "w11")] == [None, 4003, 4001, 4001]
    assert [access.refusal(key, viewing=True) for key in ("v1", "w1", "", "v")] == [None, 4003, 4001, 4001]


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://localhost:8080.evil.example",
        "http://evil-localhost:8080",
        "https://localhost:8080",
        "http://LOCALHOST:8080",
        "http://localhost:8080/",
        "http://localhost",
        "",
    ],
)
def test_look_alikes_are_refused(origin: str) -> None:
    """Exact texts only, whatever the Host header says."""
    origins = Origins([], OWN)
    assert not origins.may_open(origin)
    assert not origins.may_view(origin)


def test_the_own_origin_and_no_origin_are_let_in() -> None:
    """No origin means no browser; the token decides."""
    origins = Origins([], OWN)
    assert origins.may_open("http://localhost:8080")
    assert origins.may_open(None)
    assert origins.may_view(None)


def test_a_list_replaces_the_default() -> None:
    """Only what is listed."""
    origins = Origins(["https://shop.example"], OWN)
    assert origins.may_open("https://shop.example")
    assert not origins.may_open("http://localhost:8080")


def test_the_star_is_for_producers() -> None:
    """Every page may send, viewing takes the own origin or a listed one."""
    origins = Origins(["*", "https://board.example"], OWN)
    assert origins.may_open("https://anywhere.example")
    assert not origins.may_open("null")
    assert not origins.may_view("https://anywhere.example")
    assert origins.may_view("https://board.example")
    assert origins.may_view("http://localhost:8080")


def test_a_page_that_may_not_open_is_told_of() -> None:
    """Once each time; those that may are not, nor is who is no browser."""
    origins, told = Origins(["https://shop.example"], OWN), list[str]()
    asked = ["https://shop.example", None, "https://other.example", "null", "https://other.example"]
    assert [origins.lets_in(origin, told.append) for origin in asked] == [True, True, False, False, False]
    assert told == ["https://other.example", "null", "https://other.example"]
