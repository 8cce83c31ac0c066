"""A `.txt` file is paragraphs under its file name."""

from __future__ import annotations

from datetime import date

from exocortex.core.notes import Block
from exocortex.parsing import parse


def test_plain_text() -> None:
    text = "# not a heading\n- [ ] not a task\n\nSee [[Note]] #tag\n"
    note = parse(text.encode(), "2024-03-05 Call.TXT")
    assert (note.title, note.date, note.text) == ("2024-03-05 Call", date(2024, 3, 5), text)
    assert note.blocks == (Block(0, 34, "paragraph", ()), Block(34, len(text), "paragraph", ()))
    assert note.tags == ("tag",)
    assert [(link.target, link.line) for link in note.links] == [("Note", 4)]
    assert not any([note.headings, note.tasks, note.properties, note.anchors, note.warnings])


def test_frontmatter_has_no_meaning_here() -> None:
    assert parse(b"---\ntitle: A\n---\n", "b.txt").title == "b"


def test_an_empty_file() -> None:
    note = parse(b"", "a.txt")
    assert (note.title, note.text, note.blocks) == ("a", "", ())
