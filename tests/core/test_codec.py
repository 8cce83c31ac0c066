"""What crosses the socket comes back as it was, and nothing that isn't what its type says gets through."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.config import Config, Folder
from exocortex.core.answers import Answer, Hit
from exocortex.core.codec import NOUNS, CodecError, pack, signature, streams, unpack, unpack_arguments
from exocortex.core.events import Event, Happening, Indexed, Notice, Progress, Saved
from exocortex.core.notes import Link, LinkKind
from exocortex.core.results import Found, Inspected, NoteLinks, TaskOfNote
from exocortex.core.status import Status
from exocortex.core.summaries import Digest, Summary

CALLS = [f"{noun}.{verb}" for noun, port in NOUNS.items() for verb in vars(port) if not verb.startswith("_")]


@given(
    st.one_of(
        *(
            st.from_type(kind)
            for kind in (Found, Answer, Hit, NoteLinks, Inspected, Status, TaskOfNote, Summary, Digest)
        )
    )
)
def test_every_result_comes_back_as_it_was(value: Any) -> None:
    sent = json.dumps(pack(value), allow_nan=True)
    back = unpack(type(value), json.loads(sent))
    assert type(back) is type(value)
    assert json.dumps(pack(back)) == sent


@pytest.mark.parametrize(
    "event",
    [
        Progress("words", 1, 2, 0.5),
        Indexed(1, 2, 3, 4, 5, 6, stopped=False, seconds=0.5),
        Saved(datetime(2024, 3, 5, 12, tzinfo=UTC), ("notes:a.md",), ("notes:b.md",), 2),
        Notice("polling"),
    ],
)
def test_events_are_told_apart_by_their_fields(event: Happening) -> None:
    assert unpack(Happening, json.loads(json.dumps(pack(event)))) == event


def test_settings_cross_with_their_paths() -> None:
    config = Config(Path("/home/é\udcff"), (Folder("notes", Path("/notes")),))
    assert unpack(Config, json.loads(json.dumps(pack(config)))) == config


STREAMS = (
    "index.run",
    "index.watch",
    "answers.stream",
    "threads.say",
    "receipts.replay",
    "summaries.make",
    "summaries.digest",
)


@pytest.mark.parametrize("call", CALLS)
def test_every_call_of_the_service_has_types_that_can_be_sent(call: str) -> None:
    arguments, result = signature(call)
    assert "stop" not in arguments
    assert streams(call) == (call in STREAMS)
    assert result is not None


@dataclass(frozen=True, slots=True)
class Mixed:
    """A bit of everything."""

    number: int
    share: float
    day: date | None
    pairs: tuple[tuple[str, int], ...]
    link: Link


MIXED = Mixed(1, 2.0, date(2024, 3, 5), (("a", 1),), Link(LinkKind.WIKI, "t", None, None, 3))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1"),
        ("number", True),
        ("number", None),
        ("share", "much"),
        ("day", "yesterday"),
        ("day", 5),
        ("pairs", [["a"]]),
        ("pairs", {"a": 1}),
        ("link", {"kind": "wiki"}),
        ("link", []),
    ],
)
def test_what_is_not_as_its_type_says_is_refused(field: str, value: Any) -> None:
    plain = pack(MIXED)
    assert unpack(Mixed, plain) == MIXED
    with pytest.raises(CodecError):
        unpack(Mixed, {**plain, field: value})
    del plain[field]
    with pytest.raises(CodecError):
        unpack(Mixed, plain)


def test_a_number_without_a_point_may_stand_for_a_share() -> None:
    assert unpack(Mixed, {**pack(MIXED), "share": 2}) == MIXED


@pytest.mark.parametrize(
    "call", ["", "index", "index.nothing", "search.__init__", "notes._found", "os.system", "index.run.x"]
)
def test_only_calls_of_the_service_exist(call: str) -> None:
    with pytest.raises(CodecError):
        signature(call)


@pytest.mark.parametrize(
    "arguments", [[], None, {"text": 3}, {"text": "x", "mode": "telepathy"}, {"text": "x", "self": 1}, {"stop": None}]
)
def test_arguments_are_held_to_the_call(arguments: Any) -> None:
    with pytest.raises(CodecError):
        unpack_arguments("search.find", arguments)


def test_what_an_event_is_not_is_refused() -> None:
    with pytest.raises(CodecError):
        unpack(Event, {"stage": "words"})
    with pytest.raises(CodecError):
        unpack(Event, "words")
