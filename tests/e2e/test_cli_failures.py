"""What `exo` says when something is wrong, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from places import TRACEBACK, Place, make_place

from exocortex.storage.lock import IndexLock


@pytest.mark.parametrize("arguments", [["--nope"], ["nope"], ["search"], ["search", "x", "--limit", "0"], ["show"]])
def test_bad_usage_is_two_and_points_at_the_help(place: Place, arguments: list[str]) -> None:
    ended = place.exo(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(r"exo: .+\n     See: exo .*--help\n", ended.err)


def test_errors_are_json_where_answers_are(place: Place) -> None:
    for arguments in (["show", "No such note"], ["search", "--limit", "0", "x"], ["search", "before:notaday"]):
        ended = place.exo(*arguments, "--json")
        assert (ended.code, ended.out) == (2, "")
        error = json.loads(ended.err)
        assert error["schema"] == 1
        assert set(error["error"]) == {"kind", "message", "hint"}
        assert error["error"]["kind"] == "usage"


def test_a_held_index_is_told_at_once(fresh: Place) -> None:
    fresh.exo("init", str(fresh.vault))
    with IndexLock(fresh.home, "exo index"):
        ended = fresh.exo("search", "x", "--json")
        shown = fresh.exo("search", "x")
    assert json.loads(ended.err)["error"]["kind"] == "held"
    assert shown.code == 2
    assert str(os.getpid()) in shown.err


def test_a_bad_setting_is_named_with_its_line(place: Place, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / "config.toml").write_text("[search]\nlimit = 'many'\n")
    ended = place.exo("config", EXO_HOME=str(tmp_path / "home"))
    assert ended.code == 2
    assert "line 2" in ended.err


def test_with_a_broken_file_of_settings_every_setting_is_still_listed(tmp_path: Path) -> None:
    made = make_place(tmp_path, {})
    made.home.mkdir(mode=0o700)
    (made.home / "config.toml").write_text("[search\n")
    ended = made.exo("config")
    assert (ended.code, "search.limit" in ended.out) == (2, True)
    assert f"{made.home}/config.toml line 1" in ended.err
    assert (made.exo("config", "--json").code, made.exo("config", "--json").out) == (2, "")


def test_only_an_option_that_is_near_is_proposed(place: Place) -> None:
    assert place.exo("search", "x", "--bogus").err.startswith("exo: There is no option --bogus.\n")
    assert "There is no option --limt. Did you mean --limit?" in place.exo("search", "x", "--limt", "3").err


@pytest.mark.parametrize("typed", ["abc", "0", "1001"])
@pytest.mark.parametrize("command", [["search", "x"], ["similar", "Lease"], ["recent"]])
def test_a_limit_that_is_none_is_told_in_plain_words(place: Place, command: list[str], typed: str) -> None:
    for option in ("-n", "--limit"):
        ended = place.exo(*command, option, typed)
        assert ended.code == 2
        assert f"'{typed}' is not a whole number from 1 to 1000." in ended.err


def test_a_short_limit_is_no_word_to_leave_out_and_a_letter_that_is_one_is_told(place: Place) -> None:
    found = place.exo("search", "deposit", "harbour", "bread", "-n", "1")
    assert (found.code, len(found.out.splitlines()), found.err) == (0, 1, "")
    assert len(place.exo("recent", "-n", "2").out.splitlines()) == 2
    ended = place.exo("search", "deposit", "-x")
    assert (ended.code, "Lease" in ended.out) == (0, True)
    assert "-x: taken as a word to leave out." in ended.err
    assert "left out" not in place.exo("search", "deposit", "-x", "--literal").err


def test_the_unexpected_is_logged_and_said_in_a_line(fresh: Place) -> None:
    code = """
import os, sys
from exocortex.cli.face import Face
from exocortex.cli.process import run
def fail(self): raise RuntimeError("secret \\x1b[2J")
Face.config = fail
sys.exit(run(["recent"], os.environ))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=fresh.environ, cwd="/")
    log = fresh.home / "errors.log"
    assert ended.returncode == 2
    assert TRACEBACK not in ended.stderr
    assert str(log) in ended.stderr
    assert "secret" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_reader_who_has_had_enough_ends_it_quietly(place: Place, tmp_path: Path) -> None:
    long = make_place(tmp_path, {"long.md": "a line of a long note\n\n" * 40_000})
    long.exo("init", str(long.vault))
    ended = long.shell("exo show long | head -1; echo ${PIPESTATUS[0]}; exo show long --json | head -c 9 >/dev/null")
    assert ended.out == "a line of a long note\n0\n"
    assert ended.err == ""


def test_a_full_disk_is_an_error(place: Place) -> None:
    for command in ("exo --help", "exo tags", "exo tags --json"):
        ended = place.shell(f"{command} > /dev/full")
        assert ended.code == 2
        assert "No space left" in ended.err
        assert TRACEBACK not in ended.err


def test_closed_streams_hurt_nobody(place: Place) -> None:
    ended = place.shell("exo tags >&-; echo $?; exo nope 2>&-; echo $?; exo tags 2>&- | wc -l")
    assert ended.out.splitlines()[:2] == ["0", "2"]
    assert int(ended.out.splitlines()[2]) > 0
    assert ended.err == ""


def test_arguments_that_are_no_text_are_harmless(place: Place) -> None:
    ended = place.shell("exo search --mode words $'\\xff\\xfe'; exo show $'\\xff'; exo init $'/nope\\xff'")
    assert ended.code == 2
    assert TRACEBACK not in ended.err
    assert "unexpected" not in ended.err


def test_everything_stored_is_the_users_alone(fresh: Place) -> None:
    ended = fresh.shell(f'umask 000; exo init "{fresh.vault}" && exo index && exo search deposit')
    assert ended.code == 0
    for path in [fresh.home, *fresh.home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_volume(place: Place) -> None:
    assert place.exo("search", "xylophone", "--mode", "words", "-q").err == ""
    assert place.exo("-q", "search", "xylophone", "--mode", "words").err == ""
    assert " ms" in place.exo("search", "deposit", "-v").err
