"""Capturing: each text becomes one note, under a name that is safe anywhere, whatever stood in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.capturing import Captured, capture, deliver, waiting
from exocortex.config import CaptureSettings, Config, Folder
from exocortex.core.errors import ConfigError, UsageError
from exocortex.core.ulid import make_ulid
from exocortex.storage.journal import JournalError
from exocortex.storage.undoing import undo

NOW = datetime(2026, 11, 23, 14, 5, 9, tzinfo=timezone(timedelta(hours=2)))
HEAVY = "chromadb numpy textual onnxruntime tokenizers sqlite3 rich watchdog pathspec markdown_it yaml ctypes".split()


@pytest.fixture
def config(vault: Vault, home: Path) -> Config:
    """One folder of notes."""
    return Config(home, (Folder("notes", vault.root),))


def _notes(vault: Vault) -> list[str]:
    return sorted(str(path.relative_to(vault.root)) for path in vault.root.rglob("*") if path.is_file())


def _kept(config: Config, vault: Vault, text: str = "a thought") -> Captured:
    """A text captured while the folder is away, which is back now."""
    away = vault.root.with_name("away")
    vault.root.rename(away)
    captured = capture(config, text, NOW)
    away.rename(vault.root)
    assert not captured.delivered
    return captured


def test_a_note_says_when_and_which_and_then_the_text(config: Config, vault: Vault) -> None:
    captured = capture(config, "# The boiler\r\n\r\n  1.3 bar", NOW)
    assert captured.path == vault.root / "Inbox" / "2026-11-23 1405 The boiler.md"
    assert (captured.folder, captured.delivered, captured.reason) == ("notes", True, "")
    expected = f"---\ncaptured: 2026-11-23T14:05:09+02:00\nid: {captured.ulid}\n---\n\n# The boiler\n\n  1.3 bar\n"
    assert captured.path.read_bytes() == expected.encode()
    assert not waiting(config)
    assert deliver(config) == []


def test_it_goes_where_the_settings_say(config: Config, vault: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path / "other")
    both = replace(config, folders=(*config.folders, Folder("other", other.root)))
    settings = CaptureSettings(folder="other", inbox="a/./new/")
    assert capture(replace(both, capture=settings), "x", NOW).path == other.root / "a/new/2026-11-23 1405 x.md"
    at_root = capture(replace(both, capture=CaptureSettings(inbox="")), "x", NOW)
    assert at_root.path == vault.root / "2026-11-23 1405 x.md"
    with pytest.raises(ConfigError, match="no folder of that name"):
        capture(replace(both, capture=CaptureSettings(folder="nope")), "x", NOW)
    with pytest.raises(ConfigError, match="no folder of notes yet"):
        capture(replace(both, folders=()), "x", NOW)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../.bashrc", "2026-11-23 1405 bashrc"),
        ("CON", "2026-11-23 1405 CON"),
        ('a/b\\c:d*e?f"g<h>i|j#k^l[m]n', "2026-11-23 1405 a b c d e f g h i j k l m n"),
        ("-rf", "2026-11-23 1405 rf"),
        (". . .", "2026-11-23 1405"),
        ("\n\n  \nsecond line", "2026-11-23 1405 second line"),
        ("tab\tbell\x07\x1b[31mred", "2026-11-23 1405 tab bell 31mred"),
        ("\u202egnp.exe\u2066", "2026-11-23 1405 gnp.exe"),
        ("Cafe\u0301", "2026-11-23 1405 Caf\u00e9"),
        ("שלום עולם", "2026-11-23 1405 שלום עולם"),
        ("👩\u200d🔧 fixed it", "2026-11-23 1405 👩\u200d🔧 fixed it"),
        ("###", "2026-11-23 1405"),
        ("ends in a dot.", "2026-11-23 1405 ends in a dot"),
        ("word " * 1000, "2026-11-23 1405 " + "word " * 11 + "word"),
        ("x" * 5000, "2026-11-23 1405 " + "x" * 60),
        ("鷺" * 5000, "2026-11-23 1405 " + "鷺" * 20),
        ("x" * 59 + "q\u0323\u0301" * 9, "2026-11-23 1405 " + "x" * 59),
    ],
)
def test_names_are_safe_on_any_system(config: Config, vault: Vault, text: str, name: str) -> None:
    captured = capture(config, text, NOW)
    assert captured.path == vault.root / "Inbox" / f"{name}.md"
    again = capture(config, text, NOW)
    assert again.path == vault.root / "Inbox" / f"{name} {again.ulid[-6:]}.md"
    assert unicodedata.is_normalized("NFC", again.path.name)
    assert len(os.fsencode(again.path.name)) <= 120


def test_names_stay_apart_even_if_chance_fails(config: Config, vault: Vault) -> None:
    texts = ["x"] * 3
    same = [capture(config, text, NOW + timedelta(seconds=at), randomness=bytes) for at, text in enumerate(texts)]
    assert len({one.path for one in same}) == 3
    assert same[2].path.stem.endswith(same[2].ulid)
    stuck = capture(config, "x", NOW + timedelta(seconds=2), randomness=bytes)
    assert (stuck.delivered, len(_notes(vault))) == (False, 3)
    assert "exists already" in stuck.reason


@pytest.mark.parametrize("text", ["", " \n\t", "a\0b", "\udcff"])
def test_what_is_no_text_is_refused_and_nothing_is_kept(config: Config, vault: Vault, text: str) -> None:
    with pytest.raises(UsageError) as raised:
        capture(config, text, NOW)
    assert "Nothing was saved" in raised.value.hint
    assert (_notes(vault), config.home.exists()) == ([], False)


def test_five_megabytes_are_kept_exactly(config: Config) -> None:
    text = "鷺 heron\n" * 500_000
    captured = capture(config, text, NOW)
    assert captured.path.read_text().partition("---\n\n")[2] == text


def test_what_cannot_be_delivered_waits_and_is_delivered_once(config: Config, vault: Vault) -> None:
    captured = _kept(config, vault)
    assert "is not there" in captured.reason
    assert "a thought" in captured.path.read_text()
    (delivered,) = deliver(config)
    assert (delivered.ulid, delivered.delivered) == (captured.ulid, True)
    assert delivered.path.read_text().endswith("a thought\n")
    assert (deliver(config), len(_notes(vault)), waiting(config)) == ([], 1, False)


def test_a_folder_that_was_taken_out_is_not_written_to(config: Config, vault: Vault) -> None:
    _kept(config, vault)
    (waits,) = deliver(replace(config, folders=()))
    assert (waits.delivered, _notes(vault)) == (False, [])
    assert "not among the folders of notes" in waits.reason
    assert deliver(config)[0].delivered


def test_an_inbox_that_is_no_folder_keeps_the_text(config: Config, vault: Vault) -> None:
    vault.write("Inbox", "a file")
    captured = capture(config, "a thought", NOW)
    assert not captured.delivered
    assert "is a link or a file" in captured.reason
    vault.remove("Inbox")
    assert deliver(config)[0].delivered


@pytest.mark.parametrize("moved", ["Archive/elsewhere.md", ".trash/gone.txt", "Inbox/renamed.MD"])
def test_a_note_that_was_moved_and_edited_counts_as_delivered(config: Config, vault: Vault, moved: str) -> None:
    captured = capture(config, "a thought", NOW)
    record = _entry_again(config, vault, captured)
    text = captured.path.read_text()
    captured.path.unlink()
    vault.write(moved, "x" * (1 << 20) + text.replace("a thought", "a better one"))
    (delivered,) = deliver(config)
    assert (delivered.path, delivered.delivered) == (vault.root / moved, True)
    assert (_notes(vault), record.exists()) == ([moved], False)


def test_a_note_edited_in_its_place_counts_as_delivered(config: Config, vault: Vault) -> None:
    captured = capture(config, "a thought", NOW)
    _entry_again(config, vault, captured)
    edited = captured.path.read_text() + "more\n"
    captured.path.write_text(edited)
    assert deliver(config)[0].path == captured.path
    assert captured.path.read_text() == edited


def test_a_note_torn_by_a_crash_is_completed(config: Config, vault: Vault) -> None:
    captured = capture(config, "a thought", NOW)
    _entry_again(config, vault, captured)
    whole = captured.path.read_bytes()
    captured.path.write_bytes(whole[:-5])
    assert deliver(config)[0].path == captured.path
    assert (captured.path.read_bytes(), len(_notes(vault))) == (whole, 1)


def test_an_empty_note_of_the_same_name_is_not_ours(config: Config, vault: Vault) -> None:
    captured = capture(config, "a thought", NOW)
    _entry_again(config, vault, captured)
    captured.path.write_bytes(b"")
    (delivered,) = deliver(config)
    assert delivered.path.name == f"2026-11-23 1405 a thought {captured.ulid[-6:]}.md"
    assert captured.path.read_bytes() == b""


def test_a_damaged_entry_is_kept_and_named_and_blocks_nobody(config: Config, vault: Vault) -> None:
    first, second = _kept(config, vault, "one"), _kept(config, vault, "two")
    damaged = min(first.path, second.path)
    damaged.write_bytes(damaged.read_bytes()[:-9])
    (config.home / "journal" / "zz.json").write_text("")
    found = {one.path: one for one in deliver(config)}
    assert len(found) == 3
    assert str(damaged) in found[damaged].reason
    assert [one.delivered for one in found.values()].count(True) == 1
    assert damaged.exists()
    assert len(_notes(vault)) == 1


def test_an_entry_that_cannot_be_opened_is_named_and_blocks_nobody(config: Config, vault: Vault) -> None:
    first, second = _kept(config, vault, "one"), _kept(config, vault, "two")
    stuck = config.home / "journal" / "00000000000000000000000000.json"
    stuck.mkdir()
    (told, *others) = deliver(config)
    assert (told.path, told.delivered) == (stuck, False)
    assert "can't be read: Is a directory" in told.reason
    assert {(one.ulid, one.delivered) for one in others} == {(first.ulid, True), (second.ulid, True)}
    assert len(_notes(vault)) == 2
    assert [one.path for one in deliver(config)] == [stuck]


def test_what_a_killed_capture_left_unfinished_is_cleared_away_with_nothing_else_waiting(config: Config) -> None:
    capture(config, "a thought", NOW)
    left = config.home / "journal" / f".exo-{make_ulid(0, bytes(10))}.tmp"
    left.write_text("half")
    assert waiting(config)
    assert deliver(config) == []
    assert not waiting(config)
    assert os.listdir(left.parent) == []


def test_a_home_that_cannot_be_written_is_told(config: Config, home: Path, vault: Vault) -> None:
    home.mkdir(mode=0o700)
    (home / "journal").write_text("in the way")
    with pytest.raises(JournalError, match="can't be kept"):
        capture(config, "a thought", NOW)
    assert _notes(vault) == []
    with pytest.raises(JournalError):
        deliver(config)


def test_a_capture_can_be_taken_back(config: Config, vault: Vault) -> None:
    capture(config, "a thought", NOW)
    undo(config.home, now=lambda: NOW)
    assert (_notes(vault), deliver(config)) == ([], [])


def test_it_loads_nothing_heavy(config: Config) -> None:
    code = (
        "import sys; from datetime import *; from pathlib import Path; from exocortex.config import Config, Folder;"
        "from exocortex.capturing import capture;"
        "config = Config(Path(sys.argv[1]), (Folder('notes', Path(sys.argv[2])),));"
        "print(capture(config, 'x', datetime.now(timezone.utc)).path, *sys.modules)"
    )
    command = [sys.executable, "-c", code, str(config.home), str(config.folders[0].root)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "exocortex.capturing" in shown
    assert {name.partition(".")[0] for name in shown}.isdisjoint(HEAVY)


def _entry_again(config: Config, vault: Vault, captured: Captured) -> Path:
    """The journal's file of a delivered note, as a crash just before it was dropped leaves it."""
    text = captured.path.read_text().partition("---\n\n")[2]
    hidden = captured.path.rename(vault.root.with_name("hidden"))
    vault.root.rename(vault.root.with_name("away"))
    milliseconds = iter([captured.ulid])
    kept = capture(config, text, NOW, randomness=lambda _: _randomness_of(next(milliseconds)))
    vault.root.with_name("away").rename(vault.root)
    hidden.rename(captured.path)
    assert kept.ulid == captured.ulid
    return kept.path


def _randomness_of(ulid: str) -> bytes:
    number = 0
    for character in ulid[10:]:
        number = number << 5 | "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    return number.to_bytes(10)
