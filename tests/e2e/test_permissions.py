"""T45: the home is its user's alone, whatever the umask and whatever was there before; no foreign place is used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from places import NOTES, Place, make_place

NOBODY = 65534


def _open_to_others(folder: Path) -> list[Path]:
    """Whatever below it somebody else could read, write or enter."""
    found = [folder, *folder.rglob("*")]
    assert len(found) > 5
    return [path for path in found if path.lstat().st_mode & 0o077]


def _modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_any_umask_makes_private_files_only(fresh: Place, umask: int) -> None:
    home = fresh.home / "deep" / "er"
    script = f'umask {umask:03o}; exo init "{fresh.vault}" && exo index && exo search deposit && exo -v status'
    place = Place(home, fresh.vault, fresh.environ | {"EXO_HOME": str(home)})
    ended = place.shell(script)
    assert ended.code == 0, ended.err
    assert _open_to_others(fresh.home) == []
    assert _modes(fresh.home) == {0o700, 0o600}


def test_the_default_place_is_made_private_too(fresh: Place) -> None:
    user = fresh.vault.parent / "user"
    user.mkdir(mode=0o755)
    environ = {name: value for name, value in fresh.environ.items() if name != "EXO_HOME"}
    ended = Place(user, fresh.vault, environ).shell(f'umask 000; exo init "{fresh.vault}" && exo index')
    assert ended.code == 0, ended.err
    (made,) = (path for path in user.rglob("exocortex") if path.is_dir())
    assert _open_to_others(made) == []


def test_files_that_others_could_read_are_closed_with_the_home(fresh: Place) -> None:
    assert fresh.exo("init", str(fresh.vault)).code == 0
    assert fresh.exo("index").code == 0
    fresh.home.chmod(0o777)
    assert fresh.exo("search", "deposit").code == 0
    assert stat.S_IMODE(fresh.home.stat().st_mode) == 0o700


def test_an_empty_home_open_to_all_is_closed(fresh: Place) -> None:
    fresh.home.mkdir()
    fresh.home.chmod(0o777)
    assert fresh.exo("init", str(fresh.vault)).code == 0
    assert fresh.exo("index").code == 0
    assert _open_to_others(fresh.home) == []


def test_a_home_full_of_something_else_is_refused_and_left_alone(fresh: Place) -> None:
    fresh.home.mkdir()
    (fresh.home / "thesis.doc").write_text("x")
    fresh.home.chmod(0o755)
    ended = fresh.exo("init", str(fresh.vault))
    assert (ended.code, ended.out) == (2, "")
    assert "holds other things" in ended.err
    assert stat.S_IMODE(fresh.home.stat().st_mode) == 0o755
    assert [path.name for path in fresh.home.iterdir()] == ["thesis.doc"]


def test_a_foreign_home_is_refused(fresh: Place) -> None:
    if os.geteuid() == 0:
        fresh.home.mkdir(mode=0o777)
        os.chown(fresh.home, NOBODY, NOBODY)
        _refused(fresh, "belongs to another user")
        assert list(fresh.home.iterdir()) == []
    else:
        _refused(fresh, "belongs to another user", home="/usr")


def test_a_home_linked_to_a_shared_place_is_refused(fresh: Place) -> None:
    shared = fresh.vault.parent / "shared"
    shared.mkdir()
    fresh.home.symlink_to(shared)
    for mode in (0o1777, 0o777):
        shared.chmod(mode)
        _refused(fresh, "other users can write to")
        assert stat.S_IMODE(shared.stat().st_mode) == mode
        assert list(shared.iterdir()) == []
    _refused(fresh, "can't be", home="/tmp")


def test_a_home_linked_to_a_private_place_is_one_home(fresh: Place) -> None:
    private = fresh.vault.parent / "private"
    private.mkdir(mode=0o700)
    fresh.home.symlink_to(private)
    assert fresh.exo("init", str(fresh.vault)).code == 0
    assert fresh.exo("index").code == 0
    assert fresh.exo("search", "deposit", EXO_HOME=str(private)).code == 0
    assert _open_to_others(private) == []


@pytest.mark.parametrize("name", ["owner.lock", "index.db", "state.db"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_planted_link_is_not_written_through(fresh: Place, name: str, exists: bool) -> None:
    """`config.toml` alone may be one: people keep their settings elsewhere."""
    target = fresh.vault.parent / "precious"
    if exists:
        target.write_text("precious")
    fresh.home.mkdir(mode=0o700)
    (fresh.home / name).symlink_to(target)
    if fresh.exo("init", str(fresh.vault)).code == 0:
        fresh.exo("index")
    assert target.exists() == exists
    assert not exists or target.read_text() == "precious"


def test_what_is_no_folder_is_refused(fresh: Place) -> None:
    for make in (
        lambda: fresh.home.write_text(""),
        lambda: os.mkfifo(fresh.home),
        lambda: fresh.home.symlink_to("loop"),
    ):
        make()
        ended = fresh.exo("init", str(fresh.vault))
        assert ended.code == (0 if fresh.home.is_dir() else 2)
        fresh.home.unlink()


@pytest.mark.parametrize("inside", ["the vault in the home", "the home in the vault"])
def test_home_and_vault_must_not_lie_in_each_other(tmp_path: Path, inside: str) -> None:
    made = make_place(tmp_path, NOTES)
    if inside == "the home in the vault":
        made = Place(made.vault / "home", made.vault, made.environ | {"EXO_HOME": str(made.vault / "home")})
    else:
        made = Place(tmp_path, made.vault, made.environ | {"EXO_HOME": str(tmp_path)})
    before = sorted(path for path in made.vault.rglob("*"))
    ended = made.exo("init", str(made.vault))
    assert (ended.code, ended.out) == (2, "")
    assert sorted(path for path in made.vault.rglob("*")) == before


def _refused(place: Place, why: str, home: str | None = None) -> None:
    for command in (["init", str(place.vault)], ["index"], ["search", "x"]):
        ended = place.exo(*command, EXO_HOME=home or str(place.home))
        assert (ended.code, ended.out) == (2, ""), command
        assert why in ended.err, command
