"""Batch: a line in, a JSON line out; a bad one stops nothing."""

from __future__ import annotations

import json

from surroundings import pipe

from exocortex.cli.batch import run_batch
from exocortex.core.errors import UsageError


def answer(text: str) -> dict[str, object]:
    """Echoes, and refuses one text."""
    if text == "bad":
        raise UsageError("No.", "Do.")
    return {"schema": 1, "query": text}


def test_each_line_is_answered_in_order() -> None:
    at = pipe()
    run_batch(at.console, [b"one\n", b"bad\n", b"\xff\xfe\n", b"\n", "zwölf\r\n".encode(), b"last"], answer)
    values = [json.loads(line) for line in at.shown.splitlines()]
    assert [value.get("query", "error") for value in values] == ["one", "error", "error", "", "zwölf", "last"]
    assert values[1] == {"schema": 1, "error": {"kind": "usage", "message": "No.", "hint": "Do."}}
    assert "not valid UTF-8" in values[2]["error"]["message"]
