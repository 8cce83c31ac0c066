"""Conversations on the screen, and the note that an answer is saved as."""

from __future__ import annotations

import re
from dataclasses import replace

from surroundings import NOON, pipe, terminal

from exocortex.cli.chat import paint_exchanges
from exocortex.core.answers import Sentence, Support
from exocortex.core.receipts import Anchor, Exchange, Receipt
from exocortex.saving import fields_of, note_of

HOSTILE = "a\x1b]52;c;aGk=\x07b\x1b[2Jc\u202ed"
OURS = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
SOURCE = Anchor(1, "n", "0" * 32, "notes", "Home/Lease.md", "Lease", 42, 43, "The deposit is £1,480.")
TRUE = Sentence("The deposit\nis £1,480.", (1,), Support.SUPPORTED)
FALSE = Sentence("It is paid back.", (), Support.UNSUPPORTED, ("it cites no lines",))
RECEIPT = Receipt(
    id="01M8A5YQRGNKG93Z14XEA7S93D",
    at=NOON,
    question="How much is the deposit?",
    query="How much is the deposit?",
    scope="",
    engine="tiny",
    fingerprint="",
    sampling=None,
    prompt=(),
    passages=(SOURCE,),
    left_out=0,
    written="",
    sentences=(TRUE, FALSE),
    abstained=False,
    confidence=0.9,
    seconds=0.1,
)
ASKED = Exchange("x", "t", None, "How much is it?", RECEIPT)


def test_each_question_stands_above_its_answer_with_what_was_found_of_it() -> None:
    at = pipe()
    paint_exchanges(at.face, [ASKED, ASKED], as_json=False)
    block = [
        "> How much is it?",
        "  The deposit is £1,480. [1]",
        "  It is paid back.  not supported",
        f"  exo receipt {RECEIPT.id}",
    ]
    assert at.shown.splitlines() == [*block, "", *block]


def test_an_answer_without_sentences_is_an_abstention() -> None:
    at = pipe()
    paint_exchanges(at.face, [replace(ASKED, receipt=replace(RECEIPT, sentences=()))], as_json=False)
    assert "  Not in your notes.\n" in at.shown


def test_t26_nothing_that_was_said_can_act_on_a_terminal() -> None:
    at = terminal()
    receipt = replace(RECEIPT, sentences=(replace(TRUE, text=HOSTILE),))
    paint_exchanges(at.face, [replace(ASKED, question=HOSTILE, receipt=receipt)], as_json=False)
    assert not CONTROL.search(OURS.sub("", at.shown))
    assert at.shown.count(r"\x1b]52;c;aGk=\x07") == 2


def test_a_saved_answer_names_its_sources_and_says_that_a_machine_wrote_it() -> None:
    assert note_of(RECEIPT) == (
        "# How much is the deposit?\n\nThe deposit\nis £1,480. [1]\n\nIt is paid back.\n\n## Sources\n\n"
        "[1] [[Home/Lease]], line 42: The deposit is £1,480.\n"
    )
    assert fields_of(RECEIPT) == {
        "machine-written": True,
        "engine": "tiny",
        "receipt": RECEIPT.id,
        "sources": ["notes:Home/Lease.md"],
    }
