"""Texts that go into a note: in which shape, once each however they are replayed, and what becomes of them else."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.capturing import Captured, Destination, capture, deliver, waiting
from exocortex.capturing.appending import block_of
from exocortex.config import Config, Folder
from exocortex.storage import journal
from exocortex.storage.originals import Originals
from exocortex.storage.undoing import undo
from exocortex.storage.writing import mend

NOW = datetime(2026, 11, 23, 14, 5, 9, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def config(vault: Vault, home: Path) -> Config:
    """One folder with a log."""
    vault.write("log.md", "# Log\n")
    return Config(home, (Folder("notes", vault.root),))


def _to(config: Config, **other: object) -> Destination:
    return replace(Destination(config.folders[0], "log.md", "", True), **other)  # type: ignore[arg-type]


def _log(vault: Vault) -> str:
    return (vault.root / "log.md").read_text()


def _kept(config: Config, vault: Vault, text: str, to: Destination) -> Captured:
    """A text captured while the folder is away, which is back now."""
    away = vault.root.with_name("away")
    vault.root.rename(away)
    captured = capture(config, text, NOW, to=to)
    away.rename(vault.root)
    assert not captured.delivered
    return captured


@pytest.mark.parametrize(
    ("text", "listed", "tags", "block"),
    [
        ("a thought\n", True, (), "- 14:05 a thought"),
        ("  a thought  \n", True, ("a", "b/c"), "- 14:05 a thought #a #b/c"),
        ("a thought\n", False, ("a",), "a thought #a"),
        ("- [ ] a task\n", True, ("a",), "- [ ] a task #a"),
        ("\n\ntwo\n\nlines\n\n", True, (), "two\n\nlines"),
        ("two\nlines\n", False, ("a", "b"), "two\nlines\n\n#a #b"),
        ("    code\n    more\n", True, (), "    code\n    more"),
        ("-dashed\n", True, (), "- 14:05 -dashed"),
    ],
)
def test_a_single_line_may_be_an_item_and_what_has_several_stays(
    text: str, listed: bool, tags: tuple[str, ...], block: str
) -> None:
    assert block_of(text, "14:05", listed=listed, tags=tags) == block


def test_it_is_in_the_note_and_can_be_taken_back(config: Config, vault: Vault) -> None:
    captured = capture(config, "a thought", NOW, to=_to(config))
    assert (captured.path, captured.delivered, captured.appended) == (vault.root / "log.md", True, True)
    assert _log(vault) == "# Log\n\n- 14:05 a thought\n"
    assert not waiting(config)
    undo(config.home, now=lambda: NOW)
    assert (_log(vault), deliver(config)) == ("# Log\n", [])


def test_the_same_text_twice_is_there_twice_however_late(config: Config, vault: Vault) -> None:
    for _ in range(2):
        _kept(config, vault, "the same", _to(config))
    capture(config, "the same", NOW, to=_to(config))
    assert [one.appended for one in deliver(config)] == [True, True]
    assert _log(vault).count("- 14:05 the same\n") == 3
    assert deliver(config) == []


def test_a_replay_of_what_was_done_changes_nothing(config: Config, vault: Vault) -> None:
    kept = _kept(config, vault, "a thought", _to(config))
    entry = kept.path.read_bytes()
    deliver(config)
    for edited in (_log(vault), _log(vault) + "more\n", "emptied by its owner\n"):
        vault.write("log.md", edited)
        kept.path.write_bytes(entry)
        assert [(one.delivered, one.appended) for one in deliver(config)] == [(True, True)]
        assert (_log(vault), kept.path.exists()) == (edited, False)


@pytest.mark.parametrize("saved", ["# Log\n\n- 14:05 a thought\nand an editor\n", "# Log\n\nan editor, from before\n"])
def test_in_doubt_it_is_appended_unless_it_is_there(config: Config, vault: Vault, saved: str) -> None:
    kept = _kept(config, vault, "a thought", _to(config))
    after = b"# Log\n\n- 14:05 a thought\n"
    with Originals(config.home, lambda: NOW).begin("edit", vault.root, "log.md", b"# Log\n", after, kept.ulid):
        vault.write("log.md", saved)
    assert [one.delivered for one in deliver(config)] == [True]
    assert _log(vault).count("- 14:05 a thought\n") == 1
    assert _log(vault).startswith(saved)


def test_a_change_that_cannot_be_mended_yet_is_not_made_again(config: Config, vault: Vault) -> None:
    kept = _kept(config, vault, "a thought", _to(config))
    originals = Originals(config.home, lambda: NOW)
    with originals.begin("edit", vault.root, "log.md", b"# Log\n", b"x", kept.ulid):
        assert [(one.delivered, "could not be mended" in one.reason) for one in deliver(config)] == [(False, True)]
    mend(config.home)
    assert [one.delivered for one in deliver(config)] == [True]
    assert _log(vault) == "# Log\n\n- 14:05 a thought\n"


@pytest.mark.parametrize("content", [None, b"caf\xe9\n"])
def test_without_its_note_it_is_one_of_its_own(config: Config, vault: Vault, content: bytes | None) -> None:
    if content is None:
        vault.remove("log.md")
    else:
        vault.write("log.md", content)
    captured = capture(config, "a thought", NOW, to=_to(config), tags=("home",))
    assert (captured.delivered, captured.appended) == (True, False)
    assert captured.path == vault.root / "Inbox/2026-11-23 1405 a thought.md"
    assert 'tags: ["home"]\n---\n\na thought\n' in captured.path.read_text()
    assert captured.notice == "log.md is gone or can't take text, so this is a note of its own."
    if content is not None:
        assert (vault.root / "log.md").read_bytes() == content


def test_a_note_of_its_own_that_was_made_is_not_made_again_when_the_other_returns(config: Config, vault: Vault) -> None:
    kept = _kept(config, vault, "a thought", _to(config))
    entry = kept.path.read_bytes()
    vault.remove("log.md")
    deliver(config)
    vault.write("log.md", "# Log\n")
    kept.path.write_bytes(entry)
    assert [one.delivered for one in deliver(config)] == [True]
    assert (_log(vault), len(list((vault.root / "Inbox").iterdir()))) == ("# Log\n", 1)


def test_a_note_that_is_to_be_made_is(config: Config, vault: Vault) -> None:
    to = _to(config, raw="Days/new.md", heading="Log", start="# Day\n")
    assert capture(config, "one", NOW, to=to).notice == "There was no heading “Log” in it; there is one now."
    assert capture(config, "two", NOW, to=to).notice == ""
    assert (vault.root / "Days/new.md").read_text() == "# Day\n\n## Log\n\n- 14:05 one\n- 14:05 two\n"


def test_a_link_to_a_note_leads_to_it_and_stays(config: Config, vault: Vault) -> None:
    (vault.root / "link.md").symlink_to("log.md")
    captured = capture(config, "a thought", NOW, to=_to(config, raw="link.md"))
    assert (captured.path, (vault.root / "link.md").is_symlink()) == (vault.root / "log.md", True)
    os.link(vault.root / "log.md", vault.root / "second.md")
    assert "hard links" in capture(config, "a thought", NOW, to=_to(config)).notice


def test_a_note_that_is_no_file_keeps_the_text(config: Config, vault: Vault) -> None:
    vault.remove("log.md")
    (vault.root / "log.md").mkdir()
    assert not capture(config, "a thought", NOW, to=_to(config)).delivered
    assert len(journal.left(config.home)) == 1


def test_entries_of_before_are_still_notes(config: Config, vault: Vault) -> None:
    kept = _kept(config, vault, "a thought", _to(config))
    plain = capture(config, "another", NOW)
    assert plain.path.parent == vault.root / "Inbox"
    assert [one.ulid for one in deliver(config)] == [kept.ulid]
