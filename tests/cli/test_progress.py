"""Progress: bars where they can move, a line now and then elsewhere."""

from __future__ import annotations

import pytest
from surroundings import pipe, terminal

from exocortex.cli.progress import BarReporter, LineReporter, Silence, reporter
from exocortex.core.durations import duration
from exocortex.core.events import Progress


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0.04, "0.0 s"), (9.9, "9.9 s"), (12.4, "12 s"), (99.4, "99 s"), (150, "2 min"), (3900, "1 h 05 min")],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_bars_only_where_escapes_are_understood() -> None:
    assert isinstance(reporter(terminal().console), BarReporter)
    assert isinstance(reporter(terminal(TERM="dumb").console), LineReporter)
    assert isinstance(reporter(pipe().console), LineReporter)


def test_quiet_shows_nothing() -> None:
    at = terminal()
    at.console.quiet = True
    assert isinstance(reporter(at.console), Silence)


def test_lines_come_every_few_seconds_with_the_time_left() -> None:
    at = pipe()
    with reporter(at.console) as shown:
        for second in range(1, 11):
            shown.show(Progress("words", second * 10, 200, float(second)))
    assert at.said.splitlines() == [
        "words: 30 of 200, 17 s left",
        "words: 60 of 200, 14 s left",
        "words: 90 of 200, 11 s left",
    ]
    assert at.shown == ""


def test_bars_tell_stage_count_and_time_left() -> None:
    at = terminal()
    with reporter(at.console) as shown:
        shown.show(Progress("meaning", 30, 120, 3.0))
    assert "Meaning" in at.said
    assert "30/120" in at.said
    assert "9.0 s left" in at.said
    assert at.shown == ""


def test_bytes_are_told_in_their_units_and_the_pace_is_that_of_this_run() -> None:
    at = pipe()
    with reporter(at.console) as shown:
        shown.show(Progress("fetch", 2_000_000_000, 4_000_000_000, 10.0, before=1_000_000_000))
    assert at.said == "fetched: 2.0 of 4.0 GB, 20 s left\n"


def test_a_download_of_unknown_size_tells_what_has_come() -> None:
    for at in (pipe(), terminal()):
        with reporter(at.console) as shown:
            shown.show(Progress("fetch", 300_000_000, 0, 10.0))
        assert "300 MB" in at.said
        assert "left" not in at.said
