"""Replies: what of a model's text can be used, and that nothing in it is trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.summarizing.replies import Claim, read_reply


@pytest.mark.parametrize(
    ("line", "text", "numbers"),
    [
        ("- The rent is £1,480. [2]", "The rent is £1,480.", (2,)),
        ("* The rent is £1,480 [1][3].", "The rent is £1,480.", (1, 3)),
        ("3. The rent is due [1, 2] on the first.", "The rent is due on the first.", (1, 2)),
        ("• Due on the first [ 3 ]", "Due on the first", (3,)),
        ("[1] The rent is due.", "The rent is due.", (1,)),
        ("- Seen twice [1][1]", "Seen twice", (1,)),
        ("- See [[Boiler]] and [link](x.md) first. [1;2]", "See [[Boiler]] and [link](x.md) first.", (1, 2)),
    ],
)
def test_a_point_is_a_line_with_its_citations(line: str, text: str, numbers: tuple[int, ...]) -> None:
    assert read_reply(line, 3, 7).claims == (Claim(text, numbers),)


def test_citations_of_what_was_not_shown_are_dropped_and_counted() -> None:
    reply = read_reply("- The rent is due. [1][4]\n- No such passage. [9]\n- Nor this. [0]", 3, 7)
    assert reply.claims == (Claim("The rent is due.", (1,)),)
    assert reply.dropped == 3


@pytest.mark.parametrize("text", ["", "\n\n", "I can't do that.", "[1]", "- [1]", "- a [1]", "x" * 5000 + " [1]"])
def test_what_is_no_point_is_left_out(text: str) -> None:
    assert read_reply(text, 3, 7).claims == ()


def test_a_model_that_repeats_itself_said_it_once() -> None:
    reply = read_reply("- The rent is due. [1]\n" * 500, 3, 7)
    assert reply.claims == (Claim("The rent is due.", (1,)),)


def test_more_points_than_wanted_are_cut_off() -> None:
    text = "\n".join(f"- Point {number}. [1]" for number in range(20))
    assert len(read_reply(text, 3, 7).claims) == 7


@given(st.text() | st.text(alphabet="-[]1,2; \n*a."), st.integers(1, 5), st.integers(1, 9))
def test_any_text_gives_points_that_cite_what_was_shown(text: str, shown: int, most: int) -> None:
    reply = read_reply(text, shown, most)
    assert len(reply.claims) <= most
    assert reply.dropped >= 0
    for claim in reply.claims:
        assert claim.numbers
        assert all(1 <= number <= shown for number in claim.numbers)
        assert claim.text == claim.text.strip()


def test_a_hostile_reply_takes_no_time() -> None:
    for text in ("[1" * 200_000, "[" + "1," * 200_000, " " * 200_000 + "[1]", "- " * 200_000 + "[1]"):
        assert read_reply(text, 3, 7).claims == ()
