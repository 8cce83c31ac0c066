"""T5, T9: bytes of the databases flipped or cut off, and a full disk: it is said and mended, and nothing breaks."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from processes import CHECKOUT, Place, need
from vaults import NOTES, Vault, dump, index, paths, prose

from exocortex.bootstrap import open_cortex
from exocortex.checking import check
from exocortex.config import Config, Folder
from exocortex.config.settings import EmbedderSettings
from exocortex.core.errors import ExocortexError
from exocortex.cortex import Cortex
from exocortex.storage.damage import blame, damaged_files, drop_disposable
from exocortex.storage.state import State

MOMENTS = 200 if os.environ.get("EXO_LONG_FAULTS") else 25
"""Places that are damaged in each file; EXO_LONG_FAULTS=1 makes them the 200 that a release is held to."""
NEARLY = 0.9
FILES = ("index.db", "state.db")


class NoChroma:
    """Stands for an owner that doesn't use Chroma, so that it isn't probed each time."""

    def recall(self) -> float | None:
        """None."""
        return None


class Home:
    """A home over a vault that was indexed once, damaged and put right again and again."""

    def __init__(self, root: Path) -> None:
        self.vault = Vault(root / "notes")
        self.vault.fill(NOTES)
        for number in range(60):
            links = f"#tag{number % 7} [[Lease]] [[{number + 1}]]\n\n- [ ] task {number}\n"
            self.vault.write(f"many/{number}.md", f"# Note {number}\n\n## Part\n\n{prose(number, 60)}\n\n{links}")
        for file in self.vault.root.rglob("*"):
            os.utime(file, ns=(10**18, 10**18))
        self.config = Config(
            home=(root / "home").resolve(),
            folders=(Folder("notes", self.vault.root),),
            embedder=EmbedderSettings(name="hash"),
        )
        with self.opened() as cortex:
            index(cortex)
        with self.opened() as cortex:
            index(cortex)
        self.whole = dump(self.path)
        self._kept = root / "kept"
        shutil.copytree(self.path, self._kept)

    @property
    def path(self) -> Path:
        return self.config.home

    def opened(self) -> Cortex:
        return open_cortex(self.config)

    def reset(self, *, backed_up: bool = True) -> None:
        """As it was when all was well."""
        shutil.rmtree(self.path)
        shutil.copytree(self._kept, self.path)
        if backed_up:
            with closing(State(self.path)) as state:
                assert state.back_up() is not None

    def attempt(self, do: Callable[[Cortex], object]) -> str:
        """What a command ends in: "", or a sentence for the user; what nobody expected must turn out as damage."""
        try:
            with self.opened() as cortex:
                do(cortex)
        except ExocortexError as error:
            return error.message
        except Exception as error:
            named = blame(self.path, error)
            if named is None:
                raise
            return named.message
        return ""

    def is_whole(self) -> bool:
        """Whether both files hold what they held when all was well.

        A flip among the last bits of a vector goes unseen: it changes next to nothing, and nothing says it did.
        """
        try:
            now = dump(self.path)
        except sqlite3.DatabaseError:
            return False
        return _without_vectors(now) == _without_vectors(self.whole) and _nearly(now["vectors"], self.whole["vectors"])

    def kept(self, name: str) -> Path:
        """The file as it was when all was well."""
        return self._kept / name

    def one_vector(self) -> bytes:
        """Bytes of a vector that is in use, from its first number that isn't nought."""
        vector = bytes.fromhex(json.loads(self.whole["vectors"][0])[2])
        return vector.lstrip(b"\0")[:16]

    def findings(self) -> list[str]:
        """What `doctor --deep` finds amiss."""
        return [one.message for one in check(self.config, NoChroma(), deep=True) if one.severity != "ok"]


def _without_vectors(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: rows for name, rows in tables.items() if name != "vectors"}


def _nearly(rows: list[str], others: list[str]) -> bool:
    """The same keys, and vectors that point almost the same way."""
    for row, other in zip(rows, others, strict=False):
        one, two = json.loads(row), json.loads(other)
        a, b = (np.frombuffer(bytes.fromhex(each[2]), dtype="<f2").astype(np.float32) for each in (one, two))
        if one[:2] != two[:2] or a.shape != b.shape or not float(a @ b) > NEARLY * float(b @ b):
            return False
    return len(rows) == len(others)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("damage"))


def damaged(path: Path, random: Random, number: int) -> str:
    """Flip a byte, or every fourth time cut the file off; says where."""
    content = bytearray(path.read_bytes())
    place = random.randrange(len(content))
    if number % 4 == 3:
        path.write_bytes(content[:place])
        return f"cut off at {place}"
    content[place] ^= random.randrange(1, 256)
    path.write_bytes(content)
    return f"flipped at {place}"


def search(cortex: Cortex) -> None:
    assert isinstance(paths(cortex, "heron deposit", limit=50), list)
    cortex.search.find("lease", mode="meaning")
    cortex.notes.tags()
    cortex.notes.recent(100)
    cortex.notes.tasks()


def status(cortex: Cortex) -> None:
    cortex.index.status()


@pytest.mark.timeout(3600 if MOMENTS > 25 else 300)
@pytest.mark.parametrize("name", FILES)
def test_t5_damage_anywhere_is_mended_or_named(home: Home, name: str) -> None:
    random = Random(f"{name} 5")
    mended = 0
    for number in range(MOMENTS):
        home.reset()
        assert home.is_whole()
        where = damaged(home.path / name, random, number)
        said = [home.attempt(do) for do in (search, status, index, index, index)]
        if said[-1] == "" and home.is_whole():
            mended += 1
        else:
            assert home.findings(), (where, said)
    assert mended >= MOMENTS * 0.7


def test_what_doctor_names_is_mended_by_what_it_names(home: Home) -> None:
    """Flips within rows, which SQLite takes for what was written."""
    content = home.kept("index.db").read_bytes()
    flips = {
        "passages": content.index(b"The deposit is"),
        "reading": content.index(b"home/flat"),
        "vectors": content.index(home.one_vector()),
    }
    for what, place in flips.items():
        home.reset()
        path = home.path / "index.db"
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 0x43, content[place + 1] ^ 0x43]) + content[place + 2 :]
        )
        found = [one for one in check(home.config, NoChroma(), deep=True) if one.severity != "ok"]
        assert {one.what for one in found} & {what, "index.db"}
        assert {one.mend for one in found} == {"exo rebuild"}
        drop_disposable(home.path)
        assert home.attempt(index) == ""
        assert home.is_whole()
        assert home.findings() == []


@pytest.mark.parametrize("place", [60, 63, 68, 70])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_bears_another_mark_is_refused_and_named(home: Home, name: str, place: int) -> None:
    home.reset()
    content = bytearray((home.path / name).read_bytes())
    content[place] ^= 0x30
    (home.path / name).write_bytes(content)
    assert home.attempt(index)
    assert (home.path / name).read_bytes() == content
    found = [one for one in check(home.config, NoChroma()) if one.severity == "error"]
    assert [one.what for one in found] == [name]


def test_without_a_backup_the_index_says_which_note_is_which(home: Home) -> None:
    home.reset(backed_up=False)
    (home.path / "state.db").write_bytes(b"\0" * 20_000)
    told: list[str] = []
    with open_cortex(home.config, tell=told.append) as cortex:
        index(cortex)
    assert home.is_whole()
    assert len(told) == 1
    assert "The state was damaged" in told[0]
    assert "the index told which note is which (of 65)" in told[0]
    (kept,) = damaged_files(home.path)
    assert kept.name in told[0]
    assert kept.read_bytes() == b"\0" * 20_000


def test_both_files_damaged_at_once_come_back(home: Home) -> None:
    home.reset()
    for name in FILES:
        (home.path / name).write_bytes((home.path / name).read_bytes()[:9000])
    told: list[str] = []
    with open_cortex(home.config, tell=told.append) as cortex:
        index(cortex)
    assert home.is_whole()
    assert ["state" in told[0], "index" in told[1]] == [True, True]
    assert home.findings() == []


def test_an_emptied_state_is_not_taken_for_a_new_one(home: Home) -> None:
    home.reset()
    (home.path / "state.db").write_bytes(b"")
    assert home.attempt(index) == ""
    assert home.is_whole()


def test_of_damaged_indexes_the_newest_two_stay(home: Home) -> None:
    home.reset()
    for number in range(4):
        (home.path / "index.db").write_bytes(f"nonsense {number}".encode() * 1000)
        assert home.attempt(index) == ""
    left = sorted(path.read_bytes()[:10] for path in home.path.glob("index.db.damaged-*"))
    assert left == [b"nonsense 2", b"nonsense 3"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A small vault, indexed by real processes."""
    made = Place(tmp_path)
    Vault(made.vault).fill(NOTES)
    assert made.exo("init", str(made.vault)).code == 0
    assert made.exo("index", "--no-owner").code == 0
    return made


def test_commands_say_what_they_mended_and_go_on(place: Place) -> None:
    for name in FILES:
        path = place.home / name
        path.write_bytes(path.read_bytes()[:6000])
        assert place.exo("doctor").code == 1
        ended = place.exo("search", "deposit", "--mode", "words", "--no-owner")
        assert (ended.code, "Lease" in ended.out) == (0, True)
        assert list(place.home.glob(f"{name}.damaged-*"))
    assert place.exo("index", "--no-owner").code == 0
    ended = place.exo("doctor", "--deep")
    assert (ended.code, ended.err) == (0, ""), ended.out


FILL = """
import os, sys
from contextlib import suppress
from pathlib import Path
from exocortex.core.errors import IndexStoreError
from exocortex.storage.backups import Backups
from exocortex.storage.state import Identity, State
home, number = Path(sys.argv[1]), 0
state = State(home)
backups = Backups(home)
filler = open(home / "filler", "wb", buffering=0)
def remember(count):
    global number
    state.remember(Identity(f"{number + n:016x}", "notes", f"{number + n} " + "x" * 200, "d", n) for n in range(count))
    number += count
remember(5_000)
first = backups.take(state._connection)
remember(1)
try:
    while True:
        filler.write(b"x" * 100_000)
except OSError:
    pass
try:
    backups.take(state._connection)
    print("no error")
except IndexStoreError as error:
    print(error.message)
print([(one.path.name, one.size > 0) for one in backups.list()] == [(first.path.name, True)])
print(len(list(backups.folder.iterdir())), backups.newest_good() == first)
filler.truncate(0)
print(backups.take(state._connection).number)
"""


def test_t9_on_a_full_disk_a_backup_fails_and_the_old_ones_stay(tmp_path: Path) -> None:
    need("unshare")
    need("mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=32m,mode=700 tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), sys.executable, FILL]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environ)
    assert ended.returncode == 0, ended.stderr
    first, *rest = ended.stdout.splitlines()
    assert first.startswith("No backup of the state could be made")
    assert rest == ["True", "1 True", "2"]
