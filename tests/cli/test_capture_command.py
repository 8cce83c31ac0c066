"""`exo capture`: what it prints, what it refuses, and that nothing typed is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import EXO, Place, make_place
from surroundings import Surroundings, pipe, terminal

from exocortex.cli.capture import capture_command

HEAVY = "chromadb numpy textual onnxruntime tokenizers sqlite3 rich watchdog pathspec markdown_it yaml ctypes".split()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault of one note that the home knows."""
    made = make_place(tmp_path, {"one.md": "one\n"})
    made.home.mkdir(mode=0o700)
    (made.home / "config.toml").write_text(f'[[folders]]\nname = "notes"\npath = "{made.vault}"\n')
    return made


def _capture(around: Surroundings, *arguments: str) -> int:
    code = capture_command.main(list(arguments), "capture", standalone_mode=False, obj=around.face)
    assert isinstance(code, int)
    return code


def _inbox(place: Place) -> list[Path]:
    inbox = place.vault / "Inbox"
    return sorted(inbox.iterdir()) if inbox.exists() else []


def test_words_become_a_note_and_its_place_is_printed(place: Place) -> None:
    ended = place.exo("capture", "the", "boiler man", "comes")
    (note,) = _inbox(place)
    assert (ended.code, ended.out, ended.err) == (0, f"{note}\n", "")
    assert note.read_text().endswith("\n\nthe boiler man comes\n")


def test_json_says_where_and_whether(place: Place) -> None:
    shown = place.exo("capture", "--json", "x").json()
    (note,) = _inbox(place)
    assert shown == {
        "schema": 1,
        "file": str(note),
        "folder": "notes",
        "ulid": shown["ulid"],
        "delivered": True,
        "reason": "",
        "appended": False,
        "notice": "",
    }


@pytest.mark.parametrize("title", ["../../.bashrc", "CON", "a/b", "-rf", "x" * 5000, "👩‍🔧", "\u202eshalom שלום", "-"])
def test_any_title_lands_in_the_inbox(place: Place, title: str) -> None:
    ended = place.exo("capture", title, stdin=b"from a pipe")
    assert ended.code == 0, ended.err
    (note,) = _inbox(place)
    assert note.read_text().endswith(("from a pipe" if title == "-" else title) + "\n")
    assert sorted(os.listdir(place.vault.parent)) == ["home", "notes"]
    assert sorted(os.listdir(place.vault)) == ["Inbox", "one.md"]


def test_five_megabytes_come_through_a_pipe(place: Place) -> None:
    text = "\ufeffa line of a long text\r\n" * 200_000
    ended = place.exo("capture", "-", stdin=text.encode())
    assert ended.code == 0
    assert _inbox(place)[0].read_bytes().partition(b"---\n\n")[2] == text[1:].replace("\r\n", "\n").encode()


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        ((), b"", "Type the text, or - to read it"),
        (("",), b"", "no text to capture"),
        (("-",), b" \n", "no text to capture"),
        (("-",), b"caf\xe9", "not valid UTF-8"),
        (("-",), b"a\0b", "zero bytes"),
        (("-",), b"\x89PNG\r\n\x1a\n\0", "not valid UTF-8"),
        (("--nope", "x"), b"", "There is no option --nope."),
        (("-", "extra"), b"a text", "takes no words beside it"),
    ],
)
def test_bad_usage_is_two_and_nothing_is_saved(
    place: Place, arguments: tuple[str, ...], stdin: bytes, says: str
) -> None:
    ended = place.exo("capture", *arguments, stdin=stdin)
    assert (ended.code, ended.out, _inbox(place)) == (2, "", [])
    assert says in ended.err
    assert not (place.home / "journal").exists()


def test_a_text_too_large_to_be_indexed_is_saved_and_said_so(place: Place) -> None:
    ended = place.exo("capture", "-", stdin=b"a line\n" * 2000, EXO_INDEX_MAX_FILE_MB="0.01")
    assert ended.code == 0
    assert "larger than 0.01 MB" in ended.err
    assert "index.max_file_mb" in ended.err
    assert _inbox(place)[0].stat().st_size > 10_000
    assert place.exo("capture", "a line", EXO_INDEX_MAX_FILE_MB="0.01").err == ""


def test_arguments_that_are_no_text_are_refused(place: Place) -> None:
    ended = place.shell("exo capture $'caf\\xe9'")
    assert (ended.code, "not valid UTF-8" in ended.err) == (2, True)


def test_what_no_folder_takes_is_given_back(tmp_path: Path) -> None:
    made = make_place(tmp_path, {})
    ended = made.exo("capture", "worth keeping")
    assert ended.code == 2
    assert ended.err.startswith("worth keeping\nexo: There is no folder of notes yet.\n")


def test_a_folder_that_is_away_keeps_the_text_until_it_is_back(place: Place) -> None:
    place.vault.rename(place.vault.with_name("away"))
    ended = place.exo("capture", "-q", "worth keeping")
    assert (ended.code, ended.out) == (0, "")
    assert "is safe but not a note yet" in ended.err
    assert place.exo("capture", "more", "--json").json()["delivered"] is False
    place.vault.with_name("away").rename(place.vault)
    (place.home / "journal" / "damaged.json").write_text("{")
    ended = place.exo("capture", "the next")
    assert (ended.code, len(_inbox(place)), ended.err.count("is a note now")) == (0, 3, 2)
    assert "still waits in" in ended.err
    assert "damaged.json" in ended.err


def test_a_terminal_is_told_so(place: Place) -> None:
    around = terminal(EXO_HOME=str(place.home))
    assert _capture(around, "a", "thought") == 0
    assert "a thought.md" in around.shown.replace("\n", "")
    assert "Captured." in around.said
    piped = pipe(EXO_HOME=str(place.home))
    assert _capture(piped, "another") == 0
    assert piped.said == ""


def test_a_journal_that_cannot_be_read_is_no_failure_of_the_capture(place: Place) -> None:
    around = pipe(EXO_HOME=str(place.home))
    (place.home / "journal" / "folder.json").mkdir(parents=True)
    assert _capture(around, "a thought") == 0
    assert len(_inbox(place)) == 1
    assert "can't be read" in around.said


def test_nothing_heavy_is_loaded(place: Place) -> None:
    code = (
        "import os, sys; from exocortex.cli.process import run;"
        "code = run(['capture', 'x'], os.environ); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], env=place.environ, capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in ended.stderr.split()}.isdisjoint(HEAVY)
    assert "exocortex.capturing" in ended.stderr


def test_undo_takes_it_back_unless_it_changed(place: Place) -> None:
    assert place.exo("undo", "--list").code == 1
    assert place.exo("undo").code == 2
    place.exo("capture", "one")
    place.exo("capture", "two")
    first, second = _inbox(place)
    listed = [row.split("\t") for row in place.exo("undo", "--list").out.splitlines()]
    assert [(row[2], row[3]) for row in listed] == [("created", str(second)), ("created", str(first))]
    second.write_text("mine now\n")
    ended = place.exo("undo", "--json")
    assert (ended.code, json.loads(ended.err)["error"]["kind"]) == (2, "conflict")
    assert second.read_text() == "mine now\n"
    shown = place.exo("undo", listed[1][0], "--json").json()
    assert (shown["kind"], shown["file"], shown["schema"]) == ("creation", str(first), 1)
    assert _inbox(place) == [second]
    assert [one["file"] for one in place.exo("undo", "--list", "--json").json()["items"]] == [str(second)]
    assert place.exo("undo", "nonsense").code == 2


def test_ctrl_c_while_it_reads_saves_nothing(place: Place) -> None:
    with subprocess.Popen([*EXO, "capture", "-"], env=place.environ, stdin=subprocess.PIPE, stderr=-1) as job:
        assert job.stdin is not None
        job.stdin.write(b"half a ")
        job.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            job.wait(1)
        job.send_signal(2)
        assert job.wait(10) == 130
    assert _inbox(place) == []
