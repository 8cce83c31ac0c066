"""A draft is what was typed last, whole, for nobody else to read, and gone once it is emptied."""

from __future__ import annotations

from pathlib import Path

import pytest

from exocortex.drafts import Draft, DraftError, drop, keep, read


def test_a_draft_comes_back_as_it_was_typed(home: Path) -> None:
    assert read(home) == Draft()
    for draft in (Draft("one\n\ntags: two\n"), Draft("", "home plans"), Draft("  indented\n\nünï", "a/b")):
        keep(home, draft)
        assert read(home) == draft
    assert (home / "drafts" / "capture.txt").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (home / "drafts").iterdir()] == ["capture.txt"]


def test_an_empty_draft_is_none(home: Path) -> None:
    keep(home, Draft("text"))
    keep(home, Draft(" \n", " "))
    assert list((home / "drafts").iterdir()) == []
    drop(home)


def test_what_another_program_put_there_is_text(home: Path) -> None:
    (home / "drafts").mkdir(parents=True)
    (home / "drafts" / "capture.txt").write_bytes(b"no head\xff\n\nmore")
    assert read(home) == Draft("no head\ufffd\n\nmore")


def test_a_link_that_lies_in_the_way_is_not_written_through(home: Path, tmp_path: Path) -> None:
    (home / "drafts").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    (home / "drafts" / "capture.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DraftError, match="can't be kept"):
        keep(home, Draft("text"))
    assert not (tmp_path / "elsewhere").exists()
