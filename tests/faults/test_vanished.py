"""Notes that are away are not deleted: T13, T14, T15, T19, T21. Real processes over real folders."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from processes import Place, need

NOTES = 60


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault of sixty notes, indexed."""
    made = Place(tmp_path)
    for number in range(NOTES):
        write(made, f"{'sub/' * (number % 2)}{number:02}.md", f"# N{number}\n\nheron word{number}\n")
    assert made.exo("init", str(made.vault)).code == 0
    assert made.exo("index").code == 0
    return made


def write(place: Place, path: str, text: str) -> None:
    (place.vault / path).parent.mkdir(parents=True, exist_ok=True)
    (place.vault / path).write_text(text)


def found(place: Place, word: str) -> list[str]:
    hits = place.json("search", "--mode", "words", word)["hits"]
    return [hit["path"] for hit in hits if word in hit["snippet"].split()]


def folder(place: Place) -> dict[str, Any]:
    """The folder's ledger; it adds up."""
    (one,) = place.json("status")["folders"]
    assert one["on_disk"] == one["indexed"] + one["pending"] + one["skipped"]
    return dict(one)


def reindex(place: Place, *arguments: str) -> dict[str, Any]:
    """What a run did, by its last event."""
    ended = place.exo("index", "--json", *arguments)
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out.splitlines()[-1]))


def ids(place: Place) -> dict[str, str]:
    """Which note lies where, as the state knows it."""
    with closing(sqlite3.connect(place.home / "state.db")) as db:
        return dict(db.execute("SELECT path, id FROM notes"))


def git(place: Place, *arguments: str) -> None:
    command = [need("git"), "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
    subprocess.run(command, cwd=place.vault, check=True, capture_output=True, env=place.environ)


@pytest.mark.parametrize("replaced", [False, True])
def test_t13_a_root_that_is_away_or_replaced_by_an_empty_folder_loses_nothing(place: Place, replaced: bool) -> None:
    before = ids(place)
    away = place.vault.with_name("away")
    place.vault.rename(away)
    if replaced:
        place.vault.mkdir()
    for _ in range(2):
        ended = place.exo("search", "--mode", "words", "word7")
        assert "sub/07.md" in ended.out
        assert ("is it unmounted?" if replaced else "does not exist") in ended.out + ended.err
        assert reindex(place)["removed"] == 0
    if replaced:
        assert (folder(place)["frozen"], folder(place)["on_disk"]) == (NOTES, 0)
        place.vault.rmdir()
    away.rename(place.vault)
    again = reindex(place)
    assert (again["added"], again["modified"], again["moved"], again["removed"]) == (0, 0, 0, 0)
    assert folder(place)["frozen"] == 0
    assert ids(place) == before


def test_t13_a_root_on_another_device_with_the_same_notes_is_the_same_vault(place: Place) -> None:
    before = ids(place)
    copy = place.vault.with_name("copy")
    shutil.copytree(place.vault, copy)
    shutil.rmtree(place.vault)
    copy.rename(place.vault)
    again = reindex(place)
    assert (again["added"], again["removed"]) == (0, 0)
    assert ids(place) == before


def test_t13_a_small_vault_replaced_by_another_folder_loses_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in range(20):
        write(place, f"{number:02}.md", f"# N{number}\n\nheron word{number}\n")
    assert place.exo("init", str(place.vault)).code == 0
    assert place.exo("index").code == 0
    before = ids(place)
    away = place.vault.with_name("away")
    place.vault.rename(away)
    write(place, ".directory", "x")
    for _ in range(2):
        ended = place.exo("index")
        assert "another folder than before, without 20 of its 20 notes" in ended.err + ended.out
        assert "--accept-deletions" in ended.err + ended.out
        assert found(place, "word7") == ["07.md"]
        assert folder(place)["frozen"] == 20
    shutil.rmtree(place.vault)
    away.rename(place.vault)
    again = reindex(place)
    assert (again["added"], again["modified"], again["removed"], folder(place)["frozen"]) == (0, 0, 0, 0)
    assert ids(place) == before


def test_t14_sixty_percent_deleted_are_kept_until_confirmed_and_come_back_as_themselves(place: Place) -> None:
    before = ids(place)
    kept = place.vault.with_name("kept")
    kept.mkdir()
    for number in range(36):
        path = f"{'sub/' * (number % 2)}{number:02}.md"
        (place.vault / path).rename(kept / path.replace("/", "+"))
    ended = place.exo("index")
    assert "36 of the 60 notes of folder vault vanished at once" in ended.err + ended.out
    assert "--accept-deletions" in ended.err + ended.out
    now = folder(place)
    assert (now["on_disk"], now["frozen"], now["pending"]) == (24, 36, 0)
    assert found(place, "word3") == ["sub/03.md"]
    write(place, "new.md", "pelican\n")
    assert found(place, "pelican") == ["new.md"]
    assert reindex(place, "--accept-deletions")["removed"] == 36
    now = folder(place)
    assert (now["on_disk"], now["frozen"]) == (25, 0)
    assert found(place, "word3") == []
    (place.vault / "new.md").unlink()
    for file in kept.iterdir():
        shutil.copy(file, place.vault / file.name.replace("+", "/"))
    assert reindex(place)["embedded"] == 0
    assert ids(place) == before


def test_t14_the_freeze_lifts_when_the_notes_return(place: Place) -> None:
    away = place.vault.with_name("away")
    (place.vault / "sub").rename(away)
    assert reindex(place)["removed"] == 0
    assert folder(place)["frozen"] == 30
    away.rename(place.vault / "sub")
    again = reindex(place)
    assert (again["added"], again["modified"], again["removed"], folder(place)["frozen"]) == (0, 0, 0, 0)


def test_t15_ids_follow_every_kind_of_rename(place: Place) -> None:
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "x")
    before = ids(place)
    git(place, "mv", "sub", "moved by git")
    os.rename(place.vault / "00.md", place.vault / "00.MD")
    os.rename(place.vault / "02.md", place.vault / "t")
    os.rename(place.vault / "04.md", place.vault / "02.md")
    os.rename(place.vault / "t", place.vault / "04.md")
    assert reindex(place)["moved"] == 33
    changes = {"00.md": "00.MD", "02.md": "04.md", "04.md": "02.md"}
    expected = {changes.get(path, path.replace("sub/", "moved by git/")): id_ for path, id_ in before.items()}
    assert ids(place) == expected
    assert found(place, "word2") == ["04.md"]


def test_t19_a_branch_with_few_of_the_notes_is_not_thought_a_loss(place: Place) -> None:
    git(place, "init", "-q", "-b", "all")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "all")
    git(place, "checkout", "-q", "-b", "few")
    git(place, "rm", "-q", "-r", "sub")
    git(place, "commit", "-q", "-m", "few")
    git(place, "checkout", "-q", "all")
    reindex(place)
    before = ids(place)
    git(place, "checkout", "-q", "few")
    assert reindex(place)["removed"] == 30
    assert folder(place)["frozen"] == 0
    git(place, "checkout", "-q", "all")
    assert reindex(place)["embedded"] == 0
    assert ids(place) == before


def test_t21_what_changed_while_nothing_ran_is_caught_up_with(place: Place) -> None:
    before = ids(place)
    for number in range(0, 20, 2):
        write(place, f"{number:02}.md", f"# N{number}\n\nheron stork{number}\n")
    for number in range(20, 40, 2):
        (place.vault / f"{number:02}.md").rename(place.vault / f"renamed {number}.md")
    for number in range(41, 51, 2):
        (place.vault / f"sub/{number}.md").unlink()
    done = reindex(place)
    assert (done["added"], done["modified"], done["moved"], done["removed"]) == (0, 20, 10, 5)
    assert folder(place)["on_disk"] == 55
    assert found(place, "stork8") == ["08.md"]
    assert ids(place)["renamed 20.md"] == before["20.md"]


def test_a_folder_that_cannot_be_listed_is_not_deleted(place: Place) -> None:
    (place.vault / "sub" / ".exoignore").mkdir()
    assert reindex(place)["removed"] == 0
    assert found(place, "word3") == ["sub/03.md"]
    now = folder(place)
    assert (now["skipped"], now["frozen"]) == (1, 0)
