"""`exo setup` as a new user has it: on a terminal of 80 by 24, in a home with nothing set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from owned import OwnedPlace
from places import NOTES, make_place
from terminals import Terminal
from tiny_models import make_model

FOLDER, ANOTHER, READ, MODEL, QUESTION = "Folder, by", "Another one, by", "Read your notes", "path of a .gguf", "As in"


@dataclass(frozen=True, slots=True)
class NewUser(OwnedPlace):
    """A user of this machine with notes in `~/notes`, to whom Exocortex is new."""

    @property
    def user(self) -> Path:
        """Their own folder."""
        return Path(self.environ["HOME"])

    @property
    def settings(self) -> str:
        """What config.toml says; empty without one."""
        file = self.home / "config.toml"
        return file.read_text() if file.exists() else ""

    def setup(self, *arguments: str) -> Terminal:
        """`exo setup` on a terminal."""
        return Terminal(self, *arguments, "setup")


@pytest.fixture
def new(tmp_path: Path) -> Iterator[NewUser]:
    plain = make_place(tmp_path, NOTES)
    (tmp_path / "user").mkdir()
    (tmp_path / "run").mkdir(mode=0o700)
    plain.vault.rename(tmp_path / "user" / "notes")
    environ = {"EXO_OWNER_START": "true", "EXO_OWNER_IDLE_MINUTES": "2", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    environ["EXO_EMBEDDER_NAME"] = "all-MiniLM-L6-v2"
    made = NewUser(plain.home, tmp_path / "user" / "notes", plain.environ | environ)
    yield made
    made.end()


def with_model(new: NewUser) -> None:
    (new.user / "models").mkdir()
    make_model(new.user / "models" / "tiny.gguf", context=8192)


def answer(at: Terminal, *typed: tuple[str, str]) -> None:
    """Type each line once its prompt is there."""
    for prompt, line in typed:
        at.waits_for(prompt)
        at.types(line)


def test_from_nothing_to_an_answer_without_a_model(new: NewUser) -> None:
    at = new.setup()
    answer(at, (FOLDER, "1"), (ANOTHER, ""), (READ, "y"), (MODEL, ""), (QUESTION, "How much is the deposit?"))
    assert at.ends() == 0
    for line in (
        "   1  5 notes  ~/notes",
        "   Added notes, 5 notes.",
        "   By hand: exo init ~/notes",
        "   By hand: exo index",
        "   Everything works without one: answers are then quoted from your notes.",
        "   0  none  as it is now",
        "   No model: answers are quotes.",
        "   By hand: exo model add FILE.gguf",
        "  The deposit is £1,480. [1]",
        "   By hand: exo ask 'How much is the deposit?'",
    ):
        assert line in at.lines, (line, at.text)
    assert "No model file (.gguf) is in ~/Downloads, ~/models, ~/.cache/lm-studio." in at.text
    assert "Done: 5 notes in the index" in at.text
    assert "notes" in new.settings
    assert "[model]" not in new.settings


def test_a_model_found_at_home_is_offered_after_none_and_answers(new: NewUser) -> None:
    with_model(new)
    at = new.setup()
    answer(at, (FOLDER, "1"), (ANOTHER, ""), (READ, "y"), (MODEL, "1"), (QUESTION, "How much is the deposit?"))
    assert at.ends() == 0
    none, tiny = (next(n for n, line in enumerate(at.lines) if one in line) for one in ("0  none", "1  ~/models/tiny"))
    assert tiny == none + 1
    assert "0.5 M, Q8_0, 527 kB" in at.lines[tiny]
    assert "tiny is used from now on." in at.lines
    assert "   By hand: exo model add ~/models/tiny.gguf" in at.lines
    assert '[model]\nname = "tiny"' in new.settings
    assert new.exo("receipt", "--json").json()["engine"] == "tiny"
    assert at.commands() == []


def test_every_step_is_skipped_with_enter_and_leaves_nothing(new: NewUser) -> None:
    with_model(new)
    at = new.setup()
    answer(at, (FOLDER, ""), (MODEL, ""))
    assert at.ends() == 0
    for line in ("exo init FOLDER", "exo index", "exo model add FILE.gguf", 'exo ask "when does the lease end?"'):
        assert f"   By hand: {line}" in at.lines
    assert not new.home.exists()
    assert new.owners() == []


def test_again_it_says_what_is_set_and_changes_nothing_unasked(new: NewUser) -> None:
    with_model(new)
    assert new.exo("init", str(new.vault)).code == 0
    assert new.exo("index").code == 0
    assert new.exo("model", "add", str(new.user / "models" / "tiny.gguf")).code == 0
    before = new.settings
    at = new.setup()
    answer(at, (ANOTHER, ""), (MODEL, ""), (QUESTION, ""))
    assert at.ends() == 0
    for line in ("   Set: notes  ~/notes", "   All is read: 5 notes.", "   Set: tiny.", "   tiny stays."):
        assert line in at.lines
    assert "in use" in at.text
    assert new.settings == before
    again = new.setup()
    answer(again, (ANOTHER, ""), (MODEL, "0"), (QUESTION, ""))
    assert again.ends() == 0
    assert 'name = ""' in new.settings


def test_a_folder_added_later_is_not_taken_for_read(new: NewUser) -> None:
    vault = new.user / "Documents" / "It's mine"
    (vault / ".obsidian").mkdir(parents=True)
    (vault / "heron.md").write_text("The heron stands in the water.\n")
    assert new.exo("init", str(new.vault)).code == 0
    assert new.exo("index").code == 0
    at = new.setup()
    answer(at, (ANOTHER, "1"), ("Another one, by path", ""), (READ, "y"), (MODEL, ""), (QUESTION, ""))
    assert at.ends() == 0
    assert "6 notes in the index" in at.text
    (command,) = [line.partition(": ")[2] for line in at.lines if "By hand: exo init ~" in line]
    folders = new.shell(f"HOME={new.user}; {command}")
    assert folders.out.startswith("Already there: folder It's mine")


def test_what_can_not_be_taken_is_told_and_asked_again(new: NewUser) -> None:
    (new.user / "empty").mkdir()
    (new.user / "text.gguf").write_text("no model")
    at = new.setup()
    answer(at, (FOLDER, "/nonexistent"), ("does not exist", "9"), ("9 does not exist", "~/empty"))
    answer(at, ("Take it all the same?", ""))
    at.waits_for(FOLDER, times=4)
    answer(at, (FOLDER, f"'{new.vault}'"), (ANOTHER, "~/notes/Home"), ("lies in folder notes", ""))
    answer(at, (READ, ""), (MODEL, "~/text.gguf"), ("is not a usable model file", ""), (QUESTION, ""))
    assert at.ends() == 0
    assert "   They are read when something is first asked of them." in at.lines
    assert new.exo("folders", "--json").json()["items"][0]["root"] == str(new.vault.resolve())


@pytest.mark.parametrize(("key", "code"), [("c", 130), ("d", 0)])
def test_ctrl_c_and_ctrl_d_end_it_and_keep_what_is_done(new: NewUser, key: str, code: int) -> None:
    at = new.setup()
    answer(at, (FOLDER, "1"))
    at.waits_for(ANOTHER)
    at.presses(key)
    assert at.ends() == code
    assert at.lines[-1] == "Ended; what is done is kept. Go on with: exo setup"
    assert str(new.vault.resolve()) in new.settings


def test_ctrl_c_stops_the_reading_and_keeps_what_is_done(new: NewUser) -> None:
    text = "".join(f"Words number {number} of a note that is not short.\n\n" for number in range(100))
    for number in range(400):
        (new.vault / f"{number}.md").write_text(f"# Note {number}\n\n{text}")
    at = new.setup()
    answer(at, (FOLDER, "1"), (ANOTHER, ""), (READ, "y"))
    at.waits_for("Meaning")
    at.presses("c")
    assert at.ends() == 130, at.text
    assert at.lines[-1] == "Ended; what is done is kept. Go on with: exo setup"
    assert new.exo("status", "--json").json()["folders"][0]["indexed"] > 0


def test_without_an_owner_it_works_as_well(new: NewUser) -> None:
    at = new.setup("--no-owner")
    answer(at, (FOLDER, "1"), (ANOTHER, ""), (READ, "y"), (MODEL, ""), (QUESTION, "How much is the deposit?"))
    assert at.ends() == 0
    assert "  The deposit is £1,480. [1]" in at.lines
    assert new.owners() == []


def test_lines_fit_a_narrow_terminal(new: NewUser) -> None:
    with_model(new)
    long = new.user / ("a folder with a long name " * 3).strip() / "notes"
    shutil.copytree(new.vault, long)
    (long / ".obsidian").mkdir()
    at = Terminal(new, "setup", columns=40, TERM="dumb")
    answer(at, (FOLDER, str(long)), (ANOTHER, ""), ("Read your notes", ""), (MODEL, ""), (QUESTION, ""))
    assert at.ends() == 0
    raw = at.received.decode().replace("\r", "").split("\n")
    ours = [line for line in raw if "[Enter" not in line and "y, Enter" not in line and str(long) not in line]
    assert max(map(len, ours)) <= 40


def test_elsewhere_than_on_a_terminal_it_names_the_commands_instead(new: NewUser) -> None:
    ended = new.exo("setup", stdin=b"1\n\ny\n")
    assert (ended.code, ended.out) == (2, "")
    for command in ("exo init FOLDER", "exo index", "exo model add", "exo ask"):
        assert command in ended.err
    assert not new.home.exists()
