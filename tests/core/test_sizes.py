"""Sizes: two digits or more, in the unit that suits."""

from __future__ import annotations

import pytest

from exocortex.core import sizes


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (527_072, "527 kB"),
        (4_920_000_000, "4.9 GB"),
        (9_960_000_000, "10 GB"),
        (1_234_000_000_000, "1,234 GB"),
    ],
)
def test_spelled(number: int, said: str) -> None:
    assert sizes.spelled(number) == said


def test_a_part_is_in_the_unit_of_the_whole() -> None:
    assert sizes.of(400_000_000, 4_700_000_000) == "0.4 of 4.7 GB"
    assert sizes.of(0, 12_000_000_000, "/") == "0.0/12 GB"
