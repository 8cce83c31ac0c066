"""`exo capture` from the clipboard, a template or an editor, and into a note that is there; `exo today`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import Place, make_place

LIGHT = "chromadb numpy textual onnxruntime tokenizers sqlite3 rich watchdog pathspec".split()
"""What not even a capture into a note loads; that one takes the parser of Markdown, if it goes below a heading."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault of two notes that the home knows, and an empty PATH but for what a test puts there."""
    made = make_place(tmp_path, {"Plans/Garden.md": "# Garden\n\n## Beds\n\n- roses\n", "Lease.md": "one\n"})
    made.home.mkdir(mode=0o700)
    (made.home / "config.toml").write_text(f'[[folders]]\nname = "notes"\npath = "{made.vault}"\n')
    (made.home / "templates").mkdir()
    return made


def _program(place: Place, name: str, script: str) -> str:
    """A program of this name that the processes of the place find first; what it is told is in `told`."""
    folder = place.vault.parent / "programs"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/told\nfor last; do :; done\n{script}\n')
    path.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def _told(place: Place) -> list[str]:
    return (place.vault.parent / "programs" / "told").read_text().splitlines()


def _inbox(place: Place) -> list[Path]:
    inbox = place.vault / "Inbox"
    return sorted(inbox.iterdir()) if inbox.exists() else []


def _body(note: Path) -> str:
    return note.read_text().partition("---\n\n")[2]


def _left(place: Place) -> list[str]:
    drafts = place.home / "drafts"
    return sorted(path.suffix for path in drafts.iterdir()) if drafts.exists() else []


def test_a_text_goes_into_a_note_and_below_a_heading(place: Place) -> None:
    note = place.vault / "Plans/Garden.md"
    ended = place.exo("capture", "--to", "garden#beds", "--tag", "spring, #home", "move", "the roses")
    assert (ended.code, ended.out, ended.err) == (0, f"{note}\n", "")
    assert note.read_text() == "# Garden\n\n## Beds\n\n- roses\n\nmove the roses #spring #home\n"
    shown = place.exo("capture", "--json", "--to", "Garden#New", "-", stdin=b"two\r\nlines\r\n").json()
    assert (shown["file"], shown["appended"], shown["delivered"]) == (str(note), True, True)
    assert "no heading “New”" in shown["notice"]
    assert note.read_text().endswith("\n\n## New\n\ntwo\nlines\n")
    assert _inbox(place) == []
    assert place.exo("undo").out.startswith("Put back as it was: ")
    assert "## New" not in note.read_text()


def test_a_note_that_is_gone_leaves_one_in_the_inbox(place: Place) -> None:
    place.vault.rename(place.vault.with_name("away"))
    kept = place.exo("capture", "--to", "Plans/Garden.md", "worth keeping")
    assert (kept.code, kept.out, "safe but not in its note yet" in kept.err) == (0, "", True)
    place.vault.with_name("away").rename(place.vault)
    (place.vault / "Plans/Garden.md").unlink()
    ended = place.exo("capture", "--to", "Lease", "the next")
    assert "A text kept earlier is a note now" in ended.err
    assert "Plans/Garden.md is gone or can't take text" in ended.err
    assert [_body(note) for note in _inbox(place)] == ["worth keeping\n"]
    assert (place.vault / "Lease.md").read_text() == "one\n\nthe next\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--to", "Gardn", "x"), "Did you mean:\n     Plans/Garden.md"),
        (("--to", "", "x"), "There is no note ''"),
        (("--title", "T", "--to", "today", "x"), "--title names a new note"),
        (("--tag", "a b!", "x"), "'b!' can't be a tag"),
        (("--tag", "2026", "x"), "'2026' can't be a tag"),
        (("--template", "nope", "x"), "There is no template nope."),
        (("--editor",), "No editor is set"),
        (("--clipboard",), "No program that reads the clipboard was found. Nothing was saved."),
    ],
)
def test_bad_usage_is_two_and_nothing_is_saved(place: Place, arguments: tuple[str, ...], says: str) -> None:
    bare = place.vault.parent / "bare"
    bare.mkdir()
    ended = place.exo("capture", *arguments, PATH=str(bare))
    assert (ended.code, ended.out, _inbox(place)) == (2, "", [])
    assert says in ended.err
    assert not (place.home / "journal").exists()


def test_a_text_for_a_note_that_is_not_found_is_given_back(place: Place) -> None:
    assert place.exo("capture", "--to", "Gardn", "worth", "keeping").err.startswith("worth keeping\nexo: ")


def test_a_title_names_the_note_and_its_file(place: Place) -> None:
    place.exo("capture", "--title", 'Boiler: "1.3 bar"', "--tag", "home", "a thought")
    (note,) = _inbox(place)
    assert note.name == "Boiler 1.3 bar.md"
    assert 'title: "Boiler: \\"1.3 bar\\""\ntags: ["home"]\n---\n\na thought\n' in note.read_text()
    assert place.exo("capture", "--title", "con", "x").out.endswith("/con note.md\n")


def test_the_clipboard_is_a_text_alone_or_below_another(place: Place) -> None:
    path = _program(place, "wl-paste", "printf 'copied\\r\\nlines'")
    for arguments in (("--clipboard",), ("--clipboard", "see", "this:")):
        ended = place.exo("capture", *arguments, PATH=path, WAYLAND_DISPLAY="wayland-0")
        assert (ended.code, ended.err) == (0, "")
    assert sorted(map(_body, _inbox(place))) == ["copied\nlines\n", "see this:\n\ncopied\nlines\n"]


def test_a_template_brings_its_frontmatter(place: Place) -> None:
    template = "---\ntype: meeting\ntags: [work]\n---\n# {{title}}\n\n{{cursor}}\n\nAfter {{date:dddd}}.\n"
    (place.home / "templates/meeting.md").write_text(template)
    ended = place.exo("capture", "--template", "meeting", "--title", "Roof", "--tag", "slates", "call them")
    (note,) = _inbox(place)
    assert (ended.code, note.name) == (0, "Roof.md")
    head, _, body = note.read_text().partition("---\n# Roof\n")
    assert re.fullmatch(r'---\ncaptured: .*\nid: .*\ntitle: "Roof"\ntype: meeting\ntags: \[work\]\n', head)
    assert re.fullmatch(r"\ncall them\n\nAfter [A-Z][a-z]+day\.\n\n#slates\n", body)
    place.exo("capture", "--template", "meeting", "--to", "Lease", "in another note")
    assert (place.vault / "Lease.md").read_text().startswith("one\n\n# in another note\n\nin another note\n")


def test_an_editor_begins_at_the_cursor_and_what_is_written_is_saved(place: Place) -> None:
    (place.home / "templates/idea.md").write_text("# Idea\n\n{{cursor}}\n\nend\n")
    path = _program(place, "vi", "sed -i 3s/^/written/ $last; stat -c %a $last >> $(dirname $0)/told")
    ended = place.exo("capture", "--editor", "--template", "idea", PATH=path, EDITOR="vi")
    (note,) = _inbox(place)
    assert (ended.code, ended.err, _body(note)) == (0, "", "# Idea\n\nwritten\n\nend\n")
    assert _told(place)[0].startswith(f"+3 {place.home}/drafts/")
    assert (_told(place)[1], _left(place)) == ("600", [])


@pytest.mark.parametrize("script", ["exit 0", ": > $last", "printf ' \\n' > $last", "rm $last"])
def test_nothing_written_is_nothing_saved(place: Place, script: str) -> None:
    path = _program(place, "vi", script)
    ended = place.exo("capture", "--editor", "as typed", PATH=path, EDITOR="vi")
    assert (ended.code, ended.out, _inbox(place), _left(place)) == (1, "", [], [])
    assert "Nothing was written, so nothing was saved." in ended.err
    assert place.exo("capture", "--editor", "--json", PATH=path, EDITOR="vi").json()["delivered"] is False


def test_a_draft_outlasts_an_editor_that_fails(place: Place) -> None:
    path = _program(place, "vi", "echo first >> $last; exit 3")
    ended = place.exo("capture", "--editor", "--to", "Lease", PATH=path, EDITOR="vi")
    assert (ended.code, _left(place)) == (2, [".lock", ".md"])
    assert "vi ended with code 3; nothing was saved." in ended.err
    assert "to go on with it: exo capture --editor" in ended.err
    _program(place, "vi", "echo second >> $last")
    ended = place.exo("capture", "--editor", "--to", "Lease", PATH=path, EDITOR="vi")
    assert "Your draft, as it was left" in ended.err
    assert ((place.vault / "Lease.md").read_text(), _left(place)) == ("one\n\nfirst\nsecond\n", [])


def test_a_draft_outlasts_a_kill(place: Place) -> None:
    path = _program(place, "vi", "echo first >> $last; kill -9 $PPID; sleep 0.2")
    killed = place.exo("capture", "--editor", PATH=path, EDITOR="vi")
    assert (killed.code, _left(place)) == (-9, [".lock", ".md"])
    _program(place, "vi", "echo second >> $last")
    assert place.exo("capture", "--editor", PATH=path, EDITOR="vi").code == 0
    assert ([_body(note) for note in _inbox(place)], _left(place)) == (["first\nsecond\n"], [])


def test_an_editor_with_a_window_is_told_to_wait(place: Place) -> None:
    path = _program(place, "code", "exit 0")
    ended = place.exo("capture", "--editor", PATH=path, EDITOR="code")
    assert _told(place)[0].startswith("--wait --goto ")
    assert ("If your editor is still open" in ended.err, _left(place)) == (True, [".lock", ".md"])


def test_a_note_that_cannot_be_kept_leaves_its_draft(place: Place) -> None:
    path = _program(place, "vi", f"echo written >> $last; rmdir {place.home}/journal; touch {place.home}/journal")
    (place.home / "journal").mkdir(mode=0o700)
    ended = place.exo("capture", "--editor", PATH=path, EDITOR="vi")
    assert (ended.code, ended.err.startswith("written\n"), _left(place)) == (2, True, [".lock", ".md"])


def test_today_is_made_once_shown_and_opened(place: Place) -> None:
    made = place.exo("today", "--json").json()
    assert (made["made"], made["warnings"], made["folder"]) == (True, [], "notes")
    assert re.fullmatch(r"Daily/\d{4}-\d\d-\d\d\.md", made["path"])
    assert place.exo("today").out == f"{made['file']}\n"
    place.exo("capture", "--to", "today", "rang", "the plumber")
    assert re.fullmatch(r"- \d\d:\d\d rang the plumber\n", place.exo("today", "--print").out)
    shown = place.exo("today", "--print", "--json").json()
    assert (shown["made"], shown["text"]) == (False, Path(made["file"]).read_text())
    path = _program(place, "vi", "echo more >> $last")
    assert place.exo("today", "--open", PATH=path, EDITOR="vi").code == 0
    assert _told(place) == [f"+2 {made['file']}"]
    assert place.exo("today", "--print").out.endswith("\nmore\n")


def test_today_is_told_what_it_does_not_understand(place: Place) -> None:
    (place.vault / ".obsidian").mkdir()
    (place.vault / ".obsidian/daily-notes.json").write_text('{"format": "gggg"}')
    ended = place.exo("today")
    assert (ended.code, "gggg in the format" in ended.err) == (0, True)
    assert place.exo("today", EXO_DAILY_FORMAT="ww").code == 2
    assert place.exo("today", "--open").code == 2
    (place.home / "config.toml").unlink()
    assert "There is no folder of notes yet" in place.exo("today").err


@pytest.mark.parametrize(
    "arguments", [("--to", "today"), ("--to", "Lease.md"), ("--to", "garden"), ("--to", "Garden#Beds")]
)
def test_nothing_heavy_is_loaded(place: Place, arguments: tuple[str, ...]) -> None:
    code = (
        "import os, sys; from exocortex.cli.process import run;"
        "code = run(['capture', 'x', *sys.argv[1:]], os.environ); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, env=place.environ, capture_output=True, text=True, check=True, cwd="/")
    loaded = {name.partition(".")[0] for name in ended.stderr.split()}
    assert loaded.isdisjoint(LIGHT)
    assert loaded.isdisjoint({"markdown_it", "yaml"}) or "#" in arguments[1]
