"""A job that is asked to stop says so, whatever it is writing at that moment."""

from __future__ import annotations

import io
import signal

import pytest

from exocortex.cli.console import Console, Span
from exocortex.cli.index import stopping


class _Interrupting(io.RawIOBase):
    """A terminal at which Ctrl-C is pressed in the middle of the first write."""

    def __init__(self) -> None:
        self.text = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        if not self.text:
            self.text = b"("
            signal.raise_signal(signal.SIGINT)
        self.text += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def test_a_signal_in_the_middle_of_a_write_is_heard_and_told() -> None:
    raw = _Interrupting()
    stream = io.TextIOWrapper(io.BufferedWriter(raw), write_through=True)
    console = Console(io.StringIO(), stream, {})
    with stopping(console, "Stopping.") as stop:
        console.notice(Span("progress"))
        assert stop.is_set()
    assert raw.text == b"(progress\nStopping.\n"


def test_a_second_one_ends_it() -> None:
    console = Console(io.StringIO(), io.StringIO(), {})
    with stopping(console), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def test_nothing_is_told_when_nobody_asks() -> None:
    err = io.StringIO()
    with stopping(Console(io.StringIO(), err, {})):
        pass
    assert err.getvalue() == ""
