"""Receipts on the screen: which model it was, what became of the sources, and lines that fit."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from surroundings import pipe, terminal
from test_chat import HOSTILE, RECEIPT, SOURCE

from exocortex.cli.receipt import paint_receipt, paint_receipts
from exocortex.core.receipts import Checked, SourceNow
from exocortex.core.turns import Sampling

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
DIFFERENCE = "--- then\n+++ now\n@@ -1 +1 @@\n-The deposit is £1,480.\n+The deposit is £1,580."
CHANGED = SourceNow(SOURCE, "changed", "notes:Contract.md", 44, 45, DIFFERENCE)


def test_sources_stand_below_with_what_became_of_them() -> None:
    at = pipe()
    paint_receipt(at.face, Checked(RECEIPT, (SourceNow(SOURCE, "same", "notes:Home/Lease.md", 42, 43), CHANGED)))
    above, _, below = at.shown.partition("\n\n")
    assert above.startswith(f"receipt\t{RECEIPT.id}\nasked\tHow much is the deposit?  (")
    assert below.splitlines() == [
        "1 Home/Lease.md:42 Lease",
        "1 Contract.md:44 Lease  source changed",
        "    @@ -1 +1 @@",
        "    -The deposit is £1,480.",
        "    +The deposit is £1,580.",
    ]


@pytest.mark.parametrize(
    ("fingerprint", "told"),
    [
        ("", "engine\ttiny\n"),
        ("9f86d081884c7d65" * 4, "engine\ttiny  sha256 9f86d081884c\n"),
        ("http://127.0.0.1:8080 tiny", "engine\ttiny  at http://127.0.0.1:8080 tiny\n"),
    ],
)
def test_a_model_is_told_by_its_digest_or_by_its_server(fingerprint: str, told: str) -> None:
    at = pipe()
    paint_receipt(at.face, Checked(replace(RECEIPT, fingerprint=fingerprint), ()))
    assert told in at.shown


@pytest.mark.parametrize("columns", [20, 80])
def test_lines_fit_and_nothing_in_them_can_act(columns: int) -> None:
    at = terminal(TERM="dumb", COLUMNS=str(columns))
    evil = replace(SOURCE, title=HOSTILE, path=f"{HOSTILE}.md")
    now = replace(CHANGED, anchor=evil, path=f"notes:{HOSTILE}.md", difference=f"{DIFFERENCE}{HOSTILE} {'word ' * 40}")
    receipt = replace(RECEIPT, engine=f"Large-Language-Model-Instruct-{HOSTILE}", question=f"{HOSTILE} word" * 9)
    receipt = replace(receipt, sampling=Sampling(), left_out=2, scope=HOSTILE, fingerprint=f"http://x {HOSTILE}")
    paint_receipt(at.face, Checked(receipt, (now,)))
    paint_receipts(at.face, [receipt, RECEIPT])
    assert not CONTROL.search(at.shown)
    assert max(map(cell_len, at.shown.split("\n"))) <= columns


def test_ids_are_whole_in_a_pipe_and_short_on_a_terminal() -> None:
    for at, length in ((pipe(), 26), (terminal(TERM="dumb"), 10)):
        paint_receipts(at.face, [RECEIPT])
        assert at.shown.startswith(RECEIPT.id[:length] + ("\t" if length == 26 else "  "))


def test_without_any_it_says_how_to_come_by_one() -> None:
    at = pipe()
    paint_receipts(at.face, [])
    assert (at.shown, at.said) == ("", "No answers yet. Ask something: exo ask\n")
