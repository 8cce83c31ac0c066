"""Summaries and digests on the screen: points, where they stand, who wrote them, and nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from surroundings import NOON, pipe, terminal

from exocortex.cli.summarize import paint_digest, paint_summary
from exocortex.config import Config, Folder
from exocortex.core.answers import Citation, Support
from exocortex.core.notes import NoteRef, Task
from exocortex.core.results import Freshness, TaskOfNote
from exocortex.core.summaries import Digest, DigestFolder, Making, Point, Summary, Touched

LEASE = NoteRef("1", "notes", "Home/Lease.md", "Lease", date(2024, 3, 5))
FILE = "/notes/Home/Lease.md"
MAKING = Making("extractive", 3, 12, 0, 0, 0, (), Freshness(NOON, 0, 0))
RENT = Point("The rent is £1,480.", (1,), Support.SUPPORTED, quoted=True)
SUMMARY = Summary(
    title="Folder Home",
    scope="folder",
    points=(RENT,),
    citations=(Citation(1, LEASE, FILE, 42, 42, "The rent is £1,480."),),
    making=MAKING,
)
DIGEST = Digest(
    period="week",
    first=date(2026, 11, 17),
    last=date(2026, 11, 23),
    overview=(),
    folders=(DigestFolder("notes", "Home", (Touched(LEASE, FILE, NOON, False, (RENT,)),)),),
    tasks=(TaskOfNote(LEASE, FILE, Task("ask Mrs Pryce", False, 59)),),
    left_out=0,
    citations=SUMMARY.citations,
    making=MAKING,
)


def test_title_then_points_then_sources_then_how_much_was_read() -> None:
    at = pipe()
    paint_summary(at.face, SUMMARY)
    title, _, point, _, source, _, read = at.shown.splitlines()
    assert title == "Folder Home"
    assert point == "- The rent is £1,480. [1]"
    assert source == "1 Home/Lease.md:42 Lease (2024-03-05)"
    assert read.startswith("3 notes, 12 passages · as of ")


def test_without_a_model_one_line_says_what_it_would_add() -> None:
    at = pipe()
    paint_summary(at.face, SUMMARY)
    assert at.said.count("\n") == 1
    assert "A language model would" in at.said
    at = pipe()
    at.console.quiet = True
    paint_summary(at.face, SUMMARY)
    assert at.said == ""


def test_what_a_model_wrote_is_told_from_what_is_quoted() -> None:
    written = Point("The flat costs £1,480 a month.", (1,), Support.WEAK, quoted=False)
    making = replace(MAKING, engine="echo", shown=9, dropped=2, notices=("The language model failed: no.",))
    at = pipe()
    paint_summary(at.face, replace(SUMMARY, points=(written, RENT), making=making))
    assert "- The flat costs £1,480 a month. [1]  weakly supported\n" in at.shown
    assert "- “The rent is £1,480.” [1]\n" in at.shown
    assert "written by echo from 9 passages" in at.shown
    assert "2 citations of nothing it was shown taken out" in at.shown
    assert at.said == "The language model failed: no.\n"


def test_nothing_found_is_said_and_nothing_else() -> None:
    nothing = replace(SUMMARY, points=(), citations=(), making=replace(MAKING, notes=0, passages=0))
    at = pipe()
    paint_summary(at.face, nothing)
    assert at.shown == "Nothing in your notes is called so or matches.\n"
    assert "exo search" in at.said


def test_a_note_without_words_is_told_from_no_note() -> None:
    at = pipe()
    paint_summary(at.face, replace(SUMMARY, title="Note “Empty”", points=(), citations=()))
    assert at.shown == "Note “Empty”: there is nothing to quote.\n"


def test_a_digest_goes_by_folder_and_ends_with_the_tasks() -> None:
    at = pipe()
    at.face._config = Config(Path("/nonexistent/exo"), (Folder("notes", Path("/notes")),))
    paint_digest(at.face, DIGEST)
    assert at.shown.splitlines()[:7] == [
        "In the seven days from 2026-11-17 to 2026-11-23: 1 changed note",
        "",
        "Home",
        "Lease  Home/Lease.md  changed",
        "   42  The rent is £1,480.",
        "",
        "Open tasks",
    ]
    assert "[ ] ask Mrs Pryce  Home/Lease.md:59\n" in at.shown


def test_a_digest_tells_what_it_leaves_out_and_what_a_model_made_of_it() -> None:
    at = pipe()
    at.face._config = Config(Path("/nonexistent/exo"), (Folder("notes", Path("/notes")),))
    overview = (Point("All about rent.", (1,), Support.SUPPORTED, quoted=False),)
    paint_digest(at.face, replace(DIGEST, overview=overview, left_out=7, making=replace(MAKING, engine="echo")))
    assert "8 changed notes" in at.shown
    assert "- All about rent. [1]\n1 Home/Lease.md:42 Lease" in at.shown
    assert "7 more notes changed; see: exo recent" in at.shown


def test_an_empty_period_says_so() -> None:
    at = pipe()
    paint_digest(at.face, replace(DIGEST, folders=(), tasks=(), citations=()))
    assert at.shown == "Nothing came into your notes in the seven days from 2026-11-17 to 2026-11-23.\n"
    at = pipe()
    paint_digest(at.face, replace(DIGEST, period="day", folders=(), tasks=(), citations=()))
    assert at.shown == "Nothing came into your notes today, 2026-11-23.\n"


def test_a_terminal_shows_the_same_words_and_no_escape_of_a_note() -> None:
    at = terminal(TERM="dumb")
    paint_summary(at.face, replace(SUMMARY, points=(replace(RENT, text="The rent\x1b]52;c;!\x07 is due."),)))
    assert "  Folder Home" in at.shown
    assert "  - The rent" in at.shown
    assert "\x1b" not in at.shown
