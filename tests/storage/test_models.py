"""The registry of models: links and copies of real files, told apart by digest; what became of them since."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from tiny_models import make_model

from exocortex.core.errors import ModelError, UsageError
from exocortex.core.events import Progress
from exocortex.storage.manifests import Model, is_name, name_from
from exocortex.storage.models import Added, Models, Ready, Verified

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_model(tmp_path / "Tiny.gguf")


@pytest.fixture
def models(home: Path) -> Models:
    return Models(home, lambda: NOON)


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than the home's."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def add(models: Models, source: Path, name: str = "", *, as_copy: bool = False) -> Added:
    *_, last = models.add(source, name, as_copy=as_copy)
    assert isinstance(last, Added)
    return last


def ready(models: Models, name: str) -> tuple[bool, Model]:
    """Whether it had to be read again, and the model."""
    *events, last = models.ready(name)
    assert isinstance(last, Ready)
    assert last.file == models.file(name)
    return any(isinstance(event, Progress) for event in events), last.model


def verified(models: Models, name: str) -> str:
    *_, last = models.verify(name)
    assert isinstance(last, Verified)
    return last.fault


def refused(models: Models, name: str) -> ModelError:
    with pytest.raises(ModelError) as caught:
        list(models.ready(name))
    assert caught.value.hint
    return caught.value


def test_a_file_on_the_same_disk_is_linked_hard_and_described(models: Models, tiny: Path, home: Path) -> None:
    added = add(models, tiny)
    status = tiny.stat()
    assert added.is_new
    assert added.model.sha256 == hashlib.sha256(tiny.read_bytes()).hexdigest()
    assert (added.model.identity.inode, added.model.size) == (status.st_ino, status.st_size)
    assert (added.model.held, added.model.source, added.model.added) == ("hard link", str(tiny), NOON)
    assert (added.model.licence, added.model.parameters, added.model.quantization) == ("apache-2.0", 484_992, "Q8_0")
    assert models.file("Tiny").samefile(tiny)
    assert [entry.model for entry in models.entries()] == [added.model]
    assert stat.S_IMODE(home.stat().st_mode) == stat.S_IMODE(models.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((models.folder / "Tiny.json").stat().st_mode) == 0o600
    assert sorted(os.listdir(models.folder)) == [".lock", "Tiny.gguf", "Tiny.json"]


def test_a_link_to_a_file_elsewhere_is_seen_through(models: Models, tiny: Path, tmp_path: Path) -> None:
    """As in the caches of download programs, where names are links to files named by digest."""
    blob = tiny.rename(tmp_path / "9f86d081")
    (tmp_path / "Nice name.gguf").symlink_to(blob)
    added = add(models, tmp_path / "Nice name.gguf")
    assert (added.model.name, added.model.held, added.model.source) == ("Nice-name", "hard link", str(blob))


def test_a_file_on_another_disk_is_linked_and_missed_when_that_is_unplugged(
    models: Models, tiny: Path, other_disk: Path
) -> None:
    stick = other_disk / "stick"
    stick.mkdir()
    source = stick / "Far.gguf"
    source.write_bytes(tiny.read_bytes())
    assert add(models, source).model.held == "link"
    assert ready(models, "Far")[0] is False
    stick.rename(other_disk / "pulled")
    entry = models.entry("Far")
    assert (entry.state, entry.why) == ("away", f"The file of model Far isn't there: {source}.")
    assert "Plug its disk in" in refused(models, "Far").hint
    assert verified(models, "Far") == entry.why
    (other_disk / "pulled").rename(stick)
    assert models.entry("Far").state == "ready"
    assert models.remove("Far").kept == str(source)
    assert source.exists()


def test_a_copy_is_private_and_of_its_own(models: Models, tiny: Path) -> None:
    tiny.chmod(0o644)
    assert add(models, tiny, as_copy=True).model.held == "copy"
    copy = models.file("Tiny")
    assert copy.read_bytes() == tiny.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert ready(models, "Tiny")[0] is False
    removed = models.remove("Tiny")
    assert (removed.kept, removed.freed) == ("", tiny.stat().st_size)
    assert os.listdir(models.folder) == [".lock"]


def test_the_same_bytes_twice_are_one_model(models: Models, tiny: Path, tmp_path: Path) -> None:
    first = add(models, tiny)
    again = tmp_path / "Other.gguf"
    again.write_bytes(tiny.read_bytes())
    for source, name in ((tiny, ""), (again, ""), (again, "Tiny")):
        added = add(models, source, name)
        assert (added.is_new, added.model) == (False, first.model)
    assert sorted(os.listdir(models.folder)) == [".lock", "Tiny.gguf", "Tiny.json"]


def test_good_bytes_are_not_already_there_while_those_of_the_model_are_bad(
    models: Models, tiny: Path, tmp_path: Path
) -> None:
    add(models, tiny, as_copy=True)
    os.truncate(models.file("Tiny"), 1000)
    with pytest.raises(UsageError, match="another model called Tiny"):
        add(models, tiny)
    models.remove("Tiny")
    os.utime(tiny)
    models.file("Tiny").unlink()
    assert add(models, tiny).is_new
    os.utime(tiny)
    assert not add(models, tiny).is_new


def test_two_models_of_one_name_are_refused(models: Models, tiny: Path, tmp_path: Path) -> None:
    add(models, tiny)
    (tmp_path / "b").mkdir()
    for other in (
        make_model(tmp_path / "b" / "Tiny.gguf", seed=1),
        make_model(tmp_path / "b" / "tiny.gguf", layers=1),
    ):
        with pytest.raises(UsageError, match="another model called Tiny") as caught:
            add(models, other)
        assert "--name" in caught.value.hint
    assert add(models, other, "Tiny-2").model.name == "Tiny-2"


def test_a_file_in_the_way_is_never_overwritten(models: Models, tiny: Path, tmp_path: Path) -> None:
    models.make_folder()
    precious = models.folder / "Tiny.gguf"
    precious.write_text("precious")
    for as_copy in (False, True):
        with pytest.raises(ModelError, match="was not added lies in the way"):
            add(models, tiny, as_copy=as_copy)
    assert precious.read_text() == "precious"
    assert not list(models.folder.glob(".exo*"))


def test_a_file_put_there_by_hand_is_taken_in_place_and_stays(models: Models, tiny: Path) -> None:
    models.make_folder()
    there = models.folder / "Tiny.gguf"
    tiny.rename(there)
    assert add(models, there).model.held == "in place"
    assert models.remove("Tiny").kept == str(there)
    assert there.exists()


def test_a_link_left_by_a_command_that_died_is_taken_up(models: Models, tiny: Path) -> None:
    add(models, tiny)
    (models.folder / "Tiny.json").unlink()
    assert models.entries() == []
    assert add(models, tiny).model.held == "hard link"


def test_a_file_that_was_touched_is_read_again_once(models: Models, tiny: Path) -> None:
    add(models, tiny)
    os.utime(tiny)
    assert models.entry("Tiny").state == "changed"
    assert ready(models, "Tiny")[0] is True
    assert models.entry("Tiny").state == "ready"
    assert ready(models, "Tiny")[0] is False


def _read_by_us() -> int:
    """Bytes that this process has read so far."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def test_a_file_with_other_bytes_is_told(models: Models, tiny: Path) -> None:
    add(models, tiny)
    data = bytearray(tiny.read_bytes())
    data[-1] ^= 1
    with tiny.open("r+b") as file:
        file.write(data)
    assert "not the one that was added" in refused(models, "Tiny").message
    before = _read_by_us()
    assert "not the one that was added" in refused(models, "Tiny").message
    assert "not the one that was added" in models.entry("Tiny").why
    assert _read_by_us() - before < tiny.stat().st_size, "it was read again"
    assert "its sha256 is another" in verified(models, "Tiny")


def test_bytes_that_changed_behind_the_clock_are_found_by_verifying(models: Models, tiny: Path) -> None:
    add(models, tiny)
    status = tiny.stat()
    with tiny.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"?")
    os.utime(tiny, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert models.entry("Tiny").state == "ready"
    assert "its sha256 is another" in verified(models, "Tiny")


@pytest.mark.parametrize(("size", "said"), [(1000, "has shrunk to 1,000 of 527,072 bytes"), (600_000, "is another")])
def test_a_file_of_another_size_is_told_without_reading_it(models: Models, tiny: Path, size: int, said: str) -> None:
    add(models, tiny)
    os.truncate(tiny, size)
    assert said in models.entry("Tiny").why
    assert said in refused(models, "Tiny").message
    assert verified(models, "Tiny")


def test_a_file_replaced_by_its_owner_leaves_the_model_alone(models: Models, tiny: Path, tmp_path: Path) -> None:
    """Programs that download write a new file over the name: the hard link still has the old one."""
    add(models, tiny)
    os.replace(make_model(tmp_path / "new.gguf", seed=1), tiny)
    assert ready(models, "Tiny")[0] is False
    removed = models.remove("Tiny")
    assert (removed.kept, removed.freed) == ("", 527_072)
    assert tiny.exists()


def test_a_file_put_in_the_place_of_a_model_is_not_deleted_with_it(models: Models, tiny: Path) -> None:
    add(models, tiny, as_copy=True)
    models.file("Tiny").unlink()
    models.file("Tiny").write_text("mine")
    assert models.remove("Tiny").kept == str(models.file("Tiny"))
    assert models.file("Tiny").read_text() == "mine"


def test_a_model_whose_own_file_was_written_to_leaves_no_link_behind(models: Models, tiny: Path) -> None:
    add(models, tiny)
    with tiny.open("ab") as file:
        file.write(b"more")
    assert models.remove("Tiny").kept == str(tiny)
    assert tiny.exists()
    assert not models.file("Tiny").exists()


def test_a_file_that_is_gone_is_told_and_can_be_forgotten(models: Models, tiny: Path) -> None:
    add(models, tiny)
    models.file("Tiny").unlink()
    assert models.entry("Tiny").state == "gone"
    assert "is gone" in refused(models, "Tiny").message
    models.remove("Tiny")
    assert models.entries() == []
    assert tiny.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema":1,"model":{"name":"Tiny"}}', '{"schema":2}', "\0" * 99])
def test_a_damaged_manifest_harms_no_other_model(models: Models, tiny: Path, tmp_path: Path, text: str) -> None:
    add(models, tiny)
    add(models, make_model(tmp_path / "Other.gguf", seed=1))
    (models.folder / "Tiny.json").write_text(text)
    assert [(entry.name, entry.state) for entry in models.entries()] == [("Other", "ready"), ("Tiny", "damaged")]
    assert "exo model remove Tiny" in refused(models, "Tiny").hint
    models.remove("Tiny")
    assert tiny.exists()
    assert [entry.name for entry in models.entries()] == ["Other"]


def test_an_unknown_name_lists_those_there_are(models: Models, tiny: Path) -> None:
    with pytest.raises(UsageError) as caught:
        models.entry("nope")
    assert "exo model add" in caught.value.hint
    add(models, tiny)
    with pytest.raises(UsageError) as caught:
        models.entry("nope")
    assert caught.value.hint == "There are: Tiny"
    assert models.entry("tiny.gguf").name == "Tiny"


def test_what_is_no_model_leaves_nothing(models: Models, tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("# Lease")
    with pytest.raises(ModelError, match="doesn't begin as a GGUF file does"):
        add(models, tmp_path / "notes.gguf")
    with pytest.raises(ModelError, match="can't be read: No such file"):
        add(models, tmp_path / "none.gguf")
    assert not models.folder.exists()


def test_stopping_leaves_nothing(models: Models, tiny: Path) -> None:
    stop = Event()
    stop.set()
    assert list(models.add(tiny, stop=stop)) == []
    assert models.entries() == []


def test_a_copy_that_is_broken_off_leaves_nothing(models: Models, tiny: Path) -> None:
    events = models.add(tiny, as_copy=True)
    for event in events:
        if isinstance(event, Progress) and event.stage == "copy":
            break
    assert len(list(models.folder.glob(".exo*"))) == 1
    events.close()  # type: ignore[attr-defined]
    assert os.listdir(models.folder) == []


def test_a_folder_that_can_not_be_written_is_said(models: Models, tiny: Path, home: Path) -> None:
    home.mkdir(mode=0o700)
    models.folder.write_text("")
    with pytest.raises(ModelError, match="models"):
        add(models, tiny)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Llama 3.2 (1B) Q4_K_M", "Llama-3.2-1B-Q4_K_M"),
        ("../../etc/passwd", "etc-passwd"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("Modèle\nrouge", "Modele-rouge"),
        ("模型", "model"),
        ("x" * 300, "x" * 80),
        ("", "model"),
    ],
)
def test_names_are_made_safe(text: str, name: str) -> None:
    assert name_from(text) == name
    assert is_name(name)


@pytest.mark.parametrize("name", ["../x", ".x", "-x", "a/b", "a b", "", "é", "x" * 81, "a\n"])
def test_a_name_that_is_not_safe_is_refused(models: Models, tiny: Path, name: str) -> None:
    assert not is_name(name)
    if name:
        with pytest.raises(UsageError, match="can't be called"):
            add(models, tiny, name)
