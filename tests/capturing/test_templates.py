"""Templates: fields filled in once, the cursor found, mistakes told with their line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exocortex.capturing.templates import Values, fill, names, read_template
from exocortex.core.errors import UsageError

VALUES = Values(datetime(2026, 11, 23, 14, 5, tzinfo=UTC), "Boiler", "a thought\n", lambda: "{{text}} pasted")


def test_every_field_is_filled_in_and_what_it_brings_is_not() -> None:
    filled = fill("{{date}} {{ time }} {{title}}: {{clipboard}}\n{{text}}{{cursor}}\nend\n", VALUES, "t")
    assert filled.text == "2026-11-23 14:05 Boiler: {{text}} pasted\na thought\nend\n"
    assert filled.line == 2


def test_dates_take_formats() -> None:
    assert (
        fill("{{date:dddd D MMMM}} {{time:HH[h]mm}} {{text}}", VALUES, "t").text == "Monday 23 November 14h05 a thought"
    )
    with pytest.raises(UsageError, match=r"t line 2: there is no field \{\{date:LLL\}\}"):
        fill("\n{{date:LLL}}", VALUES, "t")


@pytest.mark.parametrize(
    ("template", "text", "line"),
    [
        ("# {{title}}", "# Boiler\na thought\n", 2),
        ("# {{title}}\n\n{{cursor}}\n\nend\n", "# Boiler\n\na thought\n\nend\n", 3),
        ("", "a thought\n", 1),
        ("{{text}}\n{{text}}\n", "a thought\na thought\n", 2),
    ],
)
def test_a_text_without_a_place_goes_to_the_cursor_or_to_the_end(template: str, text: str, line: int) -> None:
    filled = fill(template, VALUES, "t")
    assert (filled.text, filled.line) == (text, line)


def test_a_clipboard_is_read_only_if_it_is_wanted() -> None:
    def never() -> str:
        raise AssertionError

    assert fill("{{title}}\n", Values(VALUES.now, "x", clipboard=never), "t").text == "x\n"


def test_fields_of_other_programs_are_mistakes_or_left_alone() -> None:
    with pytest.raises(UsageError, match="there is no field") as raised:
        fill("one\n{{tittle}}", VALUES, "The template t")
    assert raised.value.message == "The template t line 2: there is no field {{tittle}}."
    assert "{{title}}" in raised.value.hint
    assert fill("{{tittle}} {{x:y}}", Values(VALUES.now, ""), "t", strict=False).text == "{{tittle}} {{x:y}}"


def test_templates_are_files_of_the_home(home: Path) -> None:
    with pytest.raises(UsageError, match="no template") as raised:
        read_template(home, "meeting")
    assert str(home / "templates") in raised.value.hint
    (home / "templates").mkdir(parents=True)
    (home / "templates" / "meeting.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert (names(home), read_template(home, "meeting")) == (["meeting"], "one\ntwo\n")
    with pytest.raises(UsageError, match="no template") as raised:
        read_template(home, "metting")
    assert raised.value.hint == "There are: meeting"
    for name in ("../config", "a/b", "", ".hidden", "a\0"):
        with pytest.raises(UsageError, match="not the name"):
            read_template(home, name)
    (home / "templates" / "bad.md").write_bytes(b"caf\xe9")
    with pytest.raises(UsageError, match="not valid UTF-8"):
        read_template(home, "bad")
    (home / "templates" / "big.md").write_bytes(b"x" * 1_000_001)
    with pytest.raises(UsageError, match="larger than 1 MB"):
        read_template(home, "big")
    (home / "templates" / "folder.md").mkdir()
    with pytest.raises(UsageError, match="can't be read"):
        read_template(home, "folder")
