"""The archive: receipts and threads come back as they were, in any order of clocks, and flipped bits are found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exocortex.core.answers import Sentence, Support
from exocortex.core.errors import IndexStoreError, UsageError
from exocortex.core.receipts import Anchor, Exchange, Receipt, Thread
from exocortex.core.turns import Sampling, Turn
from exocortex.core.ulid import make_ulid
from exocortex.storage.archive import Archive
from exocortex.storage.state import State

WHEN = datetime(2024, 3, 5, 12, tzinfo=UTC)
PASSAGE = Anchor(1, "00000000000000a1", "d1", "notes", "Lease.md", "Lease", 7, 8, "The deposit is £1,480.")


def ulid(number: int) -> str:
    return make_ulid(1_700_000_000_000 + number, bytes(10))


def receipt(number: int, question: str = "How much is the deposit?") -> Receipt:
    return Receipt(
        id=ulid(number),
        at=WHEN,
        question=question,
        query=question,
        scope="tag:home",
        engine="tiny",
        fingerprint="f" * 64,
        sampling=Sampling(),
        prompt=(Turn("system", "Be brief."), Turn("user", "[1] Lease\nThe deposit is £1,480.")),
        passages=(PASSAGE,),
        left_out=2,
        written="£1,480 [1].",
        sentences=(Sentence("£1,480.", (1,), Support.SUPPORTED),),
        abstained=False,
        confidence=0.9,
        seconds=1.5,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with closing(State(tmp_path)) as state:
        yield state.archive


def said(archive: Archive, thread: str, number: int, parent: str | None, question: str) -> Exchange:
    archive.keep(receipt(number, question))
    exchange = Exchange(ulid(number), thread, parent, question, receipt(number, question))
    archive.add(exchange)
    return exchange


def begun(archive: Archive, number: int = 0, title: str = "The lease") -> str:
    thread = Thread(ulid(number), title, "tag:home", "", WHEN, 0)
    archive.begin(thread)
    return thread.id


def test_a_receipt_comes_back_as_it_was_by_the_beginning_of_its_id(archive: Archive) -> None:
    archive.keep(receipt(1))
    archive.keep(receipt(2**20))
    assert archive.receipt(ulid(1)) == receipt(1)
    assert archive.receipt(ulid(1)[:10].lower()) == receipt(1)
    assert [one.id for one in archive.receipts(5)] == [ulid(2**20), ulid(1)]
    for beginning, says in ((ulid(1)[:3], "Several"), ("Z", "No receipt"), ("", "No receipt"), ("%", "No receipt")):
        with pytest.raises(UsageError, match=says):
            archive.receipt(beginning)


def test_a_thread_is_the_chain_that_ends_in_what_was_said_last(archive: Archive) -> None:
    thread = begun(archive)
    first = said(archive, thread, 1, None, "How much?")
    second = said(archive, thread, 2, first.id, "And when?")
    assert archive.exchanges(thread) == [first, second]
    again = said(archive, thread, 3, first.id, "And until when?")
    assert archive.exchanges(thread) == [first, again]
    assert [one.answers for one in archive.threads()] == [2]
    anew = said(archive, thread, 4, None, "How many?")
    assert archive.exchanges(thread) == [anew]


def test_a_clock_set_back_changes_no_order(archive: Archive) -> None:
    thread = begun(archive, 100)
    first = said(archive, thread, 50, None, "How much?")
    second = said(archive, thread, 10, first.id, "And when?")
    assert archive.exchanges(thread) == [first, second]


def test_threads_are_found_by_words_and_named(archive: Archive) -> None:
    one, other = begun(archive, 1, "Küche"), begun(archive, 2, "Lease")
    said(archive, one, 3, None, "How much is the stove?")
    assert [found.id for found in archive.threads()] == [one, other]
    assert [found.title for found in archive.threads("KÜCHE")] == ["Küche"]
    assert [(found.title, found.answers) for found in archive.threads("stove")] == [("Küche", 1)]
    archive.rename(one, "Kitchen")
    assert archive.thread(one).title == "Kitchen"
    with pytest.raises(UsageError, match="There is no conversation"):
        archive.thread("ZZZ")


def test_a_deleted_thread_takes_its_receipts_along(archive: Archive) -> None:
    one, other = begun(archive, 1), begun(archive, 2)
    said(archive, one, 3, None, "How much?")
    kept = said(archive, other, 4, None, "How much?")
    archive.delete(one)
    assert [thread.id for thread in archive.threads()] == [other]
    assert archive.receipts(5) == [kept.receipt]
    with pytest.raises(UsageError, match="deleted meanwhile"):
        said(archive, one, 5, None, "And when?")


@pytest.mark.parametrize(
    "flip",
    [
        "UPDATE receipts SET content = replace(content, '1,480', '1,840')",
        "UPDATE exchanges SET question = 'How many?'",
        "UPDATE exchanges SET parent = 'x'",
    ],
)
def test_what_was_changed_behind_its_back_is_told(tmp_path: Path, flip: str) -> None:
    with closing(State(tmp_path)) as state:
        thread = begun(state.archive)
        said(state.archive, thread, 1, None, "How much?")
        assert state.archive.damaged() == []
    with closing(sqlite3.connect(tmp_path / "state.db")) as db, db:
        db.execute(flip)
    with closing(State(tmp_path)) as state:
        assert state.archive.damaged() == [ulid(1)]
        with pytest.raises(IndexStoreError, match="not what was written"):
            state.archive.exchanges(thread)


def test_a_question_may_be_any_text(archive: Archive) -> None:
    thread = begun(archive)
    odd = "\x1b[2J 漢 \u202e '; DROP TABLE receipts; --"
    assert said(archive, thread, 1, None, odd) == archive.exchanges(thread)[0]
    assert replace(archive.receipt(ulid(1)), question="") == replace(receipt(1), question="", query=odd)
