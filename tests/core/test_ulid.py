"""ULIDs: sorted by time, unique by chance alone, as their specification has them."""

from __future__ import annotations

import pytest

from exocortex.core.ulid import ULID, make_ulid, milliseconds_of


def test_the_bits_stand_where_the_specification_puts_them() -> None:
    assert make_ulid(0, bytes(10)) == "0" * 26
    assert make_ulid((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert make_ulid(1469918176385, bytes(10))[:10] == "01ARYZ6S41"  # the example of the specification
    assert make_ulid(0, bytes(9) + b"\x21")[-2:] == "11"


def test_it_sorts_by_time_and_tells_it() -> None:
    earlier, later = make_ulid(1_700_000_000_000, b"\xff" * 10), make_ulid(1_700_000_000_001, bytes(10))
    assert earlier < later
    assert milliseconds_of(earlier) == 1_700_000_000_000
    assert ULID.fullmatch(later)


@pytest.mark.parametrize(("milliseconds", "randomness"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9))])
def test_what_does_not_fit_is_refused(milliseconds: int, randomness: bytes) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        make_ulid(milliseconds, randomness)


@pytest.mark.parametrize("text", ["", "0" * 25, "8" + "0" * 25, "U" * 26, "0" * 27])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no ULID"):
        milliseconds_of(text)
