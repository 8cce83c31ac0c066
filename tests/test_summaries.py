"""Summaries and digests over an index: what is meant by the words, what is said of it, and where it stands."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import pytest
from vaults import NOTES, Opener, Vault, in_memory, index

from exocortex.config import Config, Folder
from exocortex.core.answers import Citation, Support
from exocortex.core.errors import UsageError
from exocortex.core.events import Progress
from exocortex.core.summaries import Digest, Period, Point, Summary
from exocortex.cortex import Cortex
from exocortex.cortex.engines import Engines
from exocortex.engines.echo_model import EchoModel
from exocortex.engines.hash_embedder import HashEmbedder

MORE = {
    "Work/Meetings/2024-05-13 Weir.md": "# Weir\n\nThe heron stood under the radar for eleven minutes.\n\n"
    "- [ ] ask Priya\n",
    "Work/Meetings/2024-05-14 Winter.md": "# Winter\n\nNine gauges of fourteen are in the ground now.\n\n- [x] sign\n",
    "Work/Plan.md": "---\ntags: [work]\n---\n# Plan\n\nThe gauges of the river are due in October.\n",
    "Workshop/Bench.md": "# Bench\n\nThe bench in the workshop needs new legs before winter.\n",
}


def made(cortex: Cortex, what: str, points: int = 7) -> Summary:
    """The summary, which comes last and after some progress."""
    *progress, last = cortex.summaries.make(what, points=points)
    assert isinstance(last, Summary)
    assert progress
    assert all(isinstance(one, Progress) for one in progress)
    return last


def digest(cortex: Cortex, period: Period) -> Digest:
    *_, last = cortex.summaries.digest(period)
    assert isinstance(last, Digest)
    return last


def paths(summary: Summary) -> set[str]:
    return {citation.note.path for citation in summary.citations}


def check(points: Sequence[Point], citations: Sequence[Citation]) -> None:
    """Every quote is that of its lines on the disk."""
    assert [one.number for one in citations] == list(range(1, len(citations) + 1))
    for one in citations:
        with open(one.file, encoding="utf-8", newline="") as file:
            lines = re.split(r"\r\n|\r|\n", file.read())
        assert one.quote in " ".join(" ".join(lines[one.first_line - 1 : one.last_line]).split())
    for point in points:
        assert point.citations
        if point.quoted:
            assert point.support is Support.SUPPORTED
            assert point.text == citations[point.citations[0] - 1].quote


@pytest.fixture
def cortex(open_vault: Opener, vault: Vault) -> Cortex:
    vault.fill(NOTES | MORE)
    opened = open_vault()
    index(opened)
    return opened


# -- what is meant ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["Lease", "Lease.md", "notes:Lease.md", " lease "])
def test_a_note_is_named_as_everywhere(cortex: Cortex, what: str) -> None:
    summary = made(cortex, what)
    assert (summary.scope, summary.title) == ("note", "Note “Lease”")
    assert paths(summary) == {"Lease.md"}
    assert (summary.making.notes, summary.making.engine, summary.making.shown) == (1, "extractive", 0)
    check(summary.points, summary.citations)


@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("Work", "Folder Work"),
        ("Work/", "Folder Work"),
        ("work", "Folder work"),
        ("notes:Work", "Folder notes:Work"),
    ],
)
def test_a_folder_is_all_below_its_path_and_nothing_beside_it(cortex: Cortex, what: str, title: str) -> None:
    summary = made(cortex, what)
    assert (summary.scope, summary.title, summary.making.notes) == ("folder", title, 3)
    assert paths(summary) == {path for path in MORE if path.startswith("Work/")}
    check(summary.points, summary.citations)


def test_a_folder_below_another(cortex: Cortex, vault: Vault) -> None:
    assert made(cortex, "Work/Meetings").making.notes == 2
    absolute = made(cortex, str(vault.root / "Work" / "Meetings"))
    assert (absolute.title, absolute.making.notes) == ("Folder Work/Meetings", 2)


def test_a_folder_of_notes_by_its_name(cortex: Cortex) -> None:
    summary = made(cortex, "notes")
    assert (summary.scope, summary.title) == ("folder", "Folder notes")
    assert summary.making.notes == len([path for path in NOTES | MORE if not path.endswith(".pdf")])


def test_a_note_goes_before_a_folder_and_a_folder_before_a_query(cortex: Cortex, vault: Vault) -> None:
    vault.write("Workshop.md", "# Workshop\n\nThe workshop is behind the boat house.\n")
    assert made(cortex, "Workshop").scope == "note"
    assert made(cortex, "Workshop/").scope == "folder"
    assert made(cortex, "workshops").scope == "query"


def test_a_note_that_could_be_several_is_asked_for(cortex: Cortex, vault: Vault) -> None:
    vault.write("other/Lease.md", "# Lease\n\nAnother one.\n")
    with pytest.raises(UsageError, match="could be any of 2 notes"):
        made(cortex, "Lease")


def test_a_query_of_filters_is_every_note_that_meets_them(cortex: Cortex) -> None:
    summary = made(cortex, "tag:work")
    assert (summary.scope, summary.title) == ("query", "Notes found by tag:work")
    assert paths(summary) == {"Work/Plan.md"}
    assert made(cortex, "path:Meetings after:2024-05-13").making.notes == 1
    everything = made(cortex, "notes").making.notes
    assert made(cortex, "-heron").making.notes == everything - 2


def test_a_query_of_words_is_the_passages_it_finds(cortex: Cortex) -> None:
    summary = made(cortex, "heron under the radar", points=1)
    (point,) = summary.points
    assert point.text == "The heron stood under the radar for eleven minutes."
    check(summary.points, summary.citations)


@pytest.mark.parametrize(
    "what", ["tag:nothing", "zzyzx qwxyz", "nowhere/at/all", '"no such phrase"', "/etc", ".", "\0"]
)
def test_nothing_found_is_a_summary_without_points(cortex: Cortex, what: str) -> None:
    summary = made(cortex, what)
    assert (summary.points, summary.citations) == ((), ())


def test_a_note_without_words_has_nothing_to_say(cortex: Cortex) -> None:
    summary = made(cortex, "empty")
    assert (summary.scope, summary.points, summary.making.notes) == ("note", (), 1)


def test_what_makes_no_sense_is_told_so(cortex: Cortex) -> None:
    for what in ("", "  "):
        with pytest.raises(UsageError, match="nothing to summarize"):
            made(cortex, what)
    with pytest.raises(UsageError, match="does not understand the date"):
        made(cortex, "after:whenever")
    for points in (0, 51, -1):
        with pytest.raises(UsageError, match="can't have"):
            made(cortex, "Lease", points)


def test_what_was_saved_a_moment_ago_is_in_it(cortex: Cortex, vault: Vault) -> None:
    vault.write("Work/New.md", "# New\n\nA pangolin was seen beside the weir this morning.\n")
    assert made(cortex, "Work").making.notes == 4


def test_a_note_whose_file_is_gone_is_left_out(cortex: Cortex, vault: Vault) -> None:
    for path in list(NOTES | MORE):
        if path != "Lease.md":
            (vault.root / path).unlink()
    assert made(cortex, "notes").making.notes == 1


def test_it_is_stopped_without_a_result(cortex: Cortex) -> None:
    stop = threading.Event()
    stop.set()
    assert not any(isinstance(event, Summary) for event in cortex.summaries.make("notes", stop=stop))
    assert not any(isinstance(event, Digest) for event in cortex.summaries.digest("week", stop=stop))


# -- digests ----------------------------------------------------------------------------------------------------------


def touch(vault: Vault, path: str, day: date, hour: int = 12) -> None:
    moment = datetime(day.year, day.month, day.day, hour).timestamp()
    os.utime(vault.root / path, (moment, moment))


@pytest.fixture
def week(open_vault: Opener, vault: Vault) -> Cortex:
    """Today is Wednesday the 15th of May 2024."""
    vault.fill(NOTES | MORE)
    for path in NOTES | MORE:
        touch(vault, path, date(2024, 3, 5))
    touch(vault, "Work/Meetings/2024-05-13 Weir.md", date(2024, 5, 13))
    touch(vault, "Work/Plan.md", date(2024, 5, 9))
    touch(vault, "Lease.md", date(2024, 5, 15), hour=8)
    touch(vault, "sub/Boiler.md", date(2024, 5, 8))
    opened = open_vault()
    index(opened)
    return opened


def test_a_week_is_the_seven_days_up_to_today_by_folder(week: Cortex) -> None:
    found = digest(week, "week")
    assert (found.first, found.last) == (date(2024, 5, 9), date(2024, 5, 15))
    assert [(one.folder, one.path) for one in found.folders] == [
        ("notes", ""),
        ("notes", "Work"),
        ("notes", "Work/Meetings"),
    ]
    touched = [note for folder in found.folders for note in folder.notes]
    assert {note.note.path: note.new for note in touched} == {
        "Lease.md": False,
        "Work/Plan.md": False,
        "Work/Meetings/2024-05-13 Weir.md": True,
    }
    assert all(1 <= len(note.points) <= 2 for note in touched)
    check([point for note in touched for point in note.points], found.citations)
    assert [(one.note.path, one.task.text) for one in found.tasks] == [
        ("Lease.md", "ask"),
        ("Work/Meetings/2024-05-13 Weir.md", "ask Priya"),
    ]
    assert (found.overview, found.left_out, found.making.notes) == ((), 0, 3)


def test_a_day_is_today(week: Cortex) -> None:
    found = digest(week, "day")
    assert (found.first, found.last) == (date(2024, 5, 15), date(2024, 5, 15))
    assert [note.note.path for folder in found.folders for note in folder.notes] == ["Lease.md"]


def test_a_period_in_which_nothing_came_says_so(week: Cortex, vault: Vault) -> None:
    touch(vault, "Lease.md", date(2024, 5, 1))
    found = digest(week, "day")
    assert (found.folders, found.tasks, found.citations, found.making.notes) == ((), (), (), 0)


def test_of_very_many_notes_the_last_changed_are_shown(week: Cortex, vault: Vault) -> None:
    for number in range(110):
        vault.write(f"many/{number:03}.md", f"Note number {number} about the ferry at the pier.\n")
        touch(vault, f"many/{number:03}.md", date(2024, 5, 14), hour=number % 24)
    touch(vault, "many/007.md", date(2024, 5, 15))
    index(week)
    found = digest(week, "week")
    assert sum(len(folder.notes) for folder in found.folders) == 100
    assert found.left_out == 13
    assert "many/007.md" in {note.note.path for folder in found.folders for note in folder.notes}


# -- with a language model --------------------------------------------------------------------------------------------


@pytest.fixture
def writing(open_vault: Opener, vault: Vault, today: date) -> Iterator[Cortex]:
    vault.fill(NOTES | MORE)
    touch(vault, "Work/Plan.md", today)
    config = Config(open_vault.home, (Folder("notes", vault.root),))
    open_vault().close()
    open_vault.opened.clear()
    engines = Engines(lambda _: HashEmbedder(), in_memory, lambda _: EchoModel())
    with Cortex(config, None, engines, lambda: today) as opened:
        index(opened)
        yield opened


def test_with_a_model_points_are_its_own_and_checked(writing: Cortex) -> None:
    summary = made(writing, "Work", points=2)
    assert (summary.making.engine, summary.making.shown) == ("echo", 3)
    assert len(summary.points) == 2
    assert {(point.quoted, point.support) for point in summary.points} == {(False, Support.SUPPORTED)}
    check(summary.points, summary.citations)


def test_with_a_model_a_digest_begins_with_what_it_comes_to(writing: Cortex) -> None:
    found = digest(writing, "day")
    assert [point.text for point in found.overview] == ["The gauges of the river are due in October."]
    assert not found.overview[0].quoted
    ((note,),) = (folder.notes for folder in found.folders)
    assert note.points[0].quoted
    check([*found.overview, *note.points], found.citations)
    assert found.making.engine == "echo"
