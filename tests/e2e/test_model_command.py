"""`exo model` as real processes: without notes and without an owner, in pipes, on a terminal, and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest
from model_server import Script, serving
from places import EXO, Place, make_place
from tiny_models import make_model

BARE = "import sys; from exocortex.cli.process import run; run({}, {!r}); print(*sys.modules, file=sys.stderr)"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A home that doesn't exist yet, and no folder of notes."""
    return make_place(tmp_path, {})


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_model(tmp_path / "Tiny.gguf")


def test_without_a_model_it_says_what_one_is_for_and_how_to_add_it(place: Place) -> None:
    for arguments in (["model"], ["model", "list"], ["model", "verify"]):
        ended = place.exo(*arguments)
        assert (ended.code, ended.out) == (1, "")
        assert "exo model add FILE.gguf" in ended.err
        assert "exo model get URL" in ended.err
    assert place.exo("model", "--json").json() == {"schema": 1, "models": [], "parts": []}
    assert not place.home.exists()


def test_the_first_model_is_used_at_once_and_another_on_demand(place: Place, tiny: Path, tmp_path: Path) -> None:
    ended = place.exo("model", "add", str(tiny))
    assert (ended.code, ended.out) == (0, "Added Tiny  0.5 M, Q8_0, 527 kB, apache-2.0\n")
    assert "a hard link" in ended.err
    assert "Tiny is used from now on." in ended.err
    assert (place.home / "config.toml").read_text() == '[model]\nname = "Tiny"\n'
    other = make_model(tmp_path / "Other (new).gguf", seed=1, licence=None, template=None)
    ended = place.exo("model", "add", "--copy", str(other))
    assert "To use it: exo model use Other-new" in ended.err
    assert "states no licence" in ended.err
    assert "no chat format" in ended.err
    listed = place.exo("model").out.splitlines()
    assert listed == [
        " \tOther-new\t0.5 M\tQ8_0\t527 kB\tno licence stated",
        "*\tTiny\t0.5 M\tQ8_0\t527 kB\tapache-2.0",
    ]
    assert place.exo("model", "use", "other-new").out == "Other-new is used from now on.\n"
    settings = {one["name"]: one["value"] for one in place.exo("config", "--json").json()["items"]}
    assert settings["model.name"] == "Other-new"
    assert "environment EXO_MODEL_NAME comes before it" in place.exo("model", EXO_MODEL_NAME="Tiny").err
    assert "gone is to be used, and there is no such model" in place.exo("model", EXO_MODEL_NAME="gone").err
    assert place.exo("model", "use", "--none").code == 0
    assert [one["used"] for one in place.exo("model", "--json").json()["models"]] == [False, False]
    assert not (place.home / "owner.json").exists()


def test_json_of_each_command(place: Place, tiny: Path) -> None:
    added = place.exo("model", "add", str(tiny), "--json").json()
    assert (added["schema"], added["new"], added["used"], added["model"]["name"]) == (1, True, True, "Tiny")
    assert place.exo("model", "add", str(tiny), "--json").json()["new"] is False
    info = place.exo("model", "info", "tiny", "--json").json()
    assert (info["fits"], info["file"]["layers"], info["model"]["held"]) == (True, 2, "hard link")
    assert info["fit"]["largest"] == 2048
    assert place.exo("model", "info", str(tiny), "--json").json()["model"] is None
    assert place.exo("model", "use", "Tiny", "--json").json() == {"schema": 1, "used": "Tiny"}
    verified = place.exo("model", "verify", "--json")
    assert verified.json() == {"schema": 1, "sound": True, "models": [{"name": "Tiny", "fault": ""}]}
    assert place.exo("model", "remove", "Tiny", "--yes", "--json").json() == {"schema": 1, "removed": "Tiny"}
    failed = place.exo("model", "info", "Tiny", "--json")
    assert failed.code == 2
    assert json.loads(failed.err)["error"]["kind"] == "usage"


def test_a_file_that_shrank_is_told_by_list_info_and_verify(place: Place, tiny: Path) -> None:
    place.exo("model", "add", str(tiny))
    os.truncate(tiny, 300_000)
    assert "has shrunk to 300,000 of 527,072 bytes" in place.exo("model").err
    assert "cut short" in place.exo("model", "info", "Tiny").out
    ended = place.exo("model", "verify")
    assert (ended.code, ended.out[:4]) == (1, "bad ")
    assert place.exo("model", "add", str(tiny)).code == 2


def test_removing_asks_and_says_what_stays(place: Place, tiny: Path) -> None:
    place.exo("model", "add", str(tiny))
    assert place.exo("model", "remove", "Tiny").code == 2
    child = pexpect.spawn(EXO[0], [*EXO[1:], "model", "remove", "Tiny"], env=place.environ, timeout=20)
    child.expect_exact("Forget model Tiny? The file")
    child.sendline("n")
    child.expect(pexpect.EOF)
    assert place.exo("model").code == 0
    ended = place.exo("model", "remove", "Tiny", "--yes")
    assert f"Its file stays: {tiny}" in ended.err
    assert "no model is used now" in ended.err
    assert tiny.exists()
    assert place.exo("config", "--json").json()["items"][-3]["value"] == ""


def test_what_a_file_says_of_itself_reaches_no_terminal_as_commands(place: Place, tmp_path: Path) -> None:
    evil = make_model(tmp_path / "Evil.gguf", name="\x1b]52;c;aGk=\x07", licence="\x1b[2Jfree")
    assert place.exo("model", "add", str(evil)).code == 0
    for arguments in (["model"], ["model", "info", "Evil"]):
        shown, code = place.terminal(*arguments)
        assert code == 0
        assert b"\x1b]52" not in shown
        assert b"\x1b[2J" not in shown


def test_a_model_is_fetched_after_asking(place: Place, tiny: Path) -> None:
    script = Script(tiny.read_bytes())
    with serving(script) as root:
        ended = place.exo("model", "get", f"{root}/Tiny.gguf")
        assert (ended.code, "There is no terminal to ask on" in ended.err) == (2, True)
        command = ["model", "get", f"{root}/Tiny.gguf", "--sha256", script.sha256]
        child = pexpect.spawn(EXO[0], [*EXO[1:], *command], env=place.environ, timeout=20)
        child.expect_exact(f"Fetch Tiny, 527 kB, from {root.removeprefix('http://')}?")
        child.sendline("y")
        child.expect("Added .*Tiny")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
        assert place.exo(*command).out == "Already there: Tiny\n"
        ended = place.exo("model", "get", f"{root}/other.gguf", "--sha256", "0" * 64, "--yes", "--json")
        assert ended.code == 2
        error = json.loads(ended.err.splitlines()[-1])["error"]
        assert error["kind"] == "fetch"
        assert script.sha256 in error["message"]


def test_ctrl_c_keeps_what_came_and_the_same_command_goes_on(place: Place, tiny: Path) -> None:
    script = Script(tiny.read_bytes(), pause=0.3)
    with serving(script) as root:
        command = [*EXO, "model", "get", f"{root}/Tiny.gguf", "--yes"]
        running = subprocess.Popen(command, env=place.environ, stderr=subprocess.PIPE, text=True)
        part = place.home / "models" / "Tiny.part"
        deadline = time.monotonic() + 20
        while (not part.exists() or part.stat().st_size < 100_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
        assert running.returncode == 130
        assert "the same command goes on from there" in said
        came = part.stat().st_size
        listed = place.exo("model").err
        assert f"Go on: exo model get {root}/Tiny.gguf" in listed
        assert "Delete: exo model remove Tiny" in listed
        script.pause = 0
        ended = place.exo("model", "get", f"{root}/Tiny.gguf", "--yes")
        assert ended.code == 0, ended.err
        assert "of it are here" in ended.err
        assert script.ranges[-1] == f"bytes={came}-"


def test_what_came_in_part_can_be_deleted(place: Place, tiny: Path) -> None:
    script = Script(tiny.read_bytes()[:-100], says_length=False)
    with serving(script) as root:
        ended = place.exo("model", "get", f"{root}/Tiny.gguf", "--yes")
    assert ended.code == 2
    assert "the model needs 527,072" in ended.err
    assert place.exo("model", "remove", "Tiny", "--yes").code == 0
    assert os.listdir(place.home / "models") == []


def test_no_other_command_has_the_means_to_use_the_internet(place: Place, tiny: Path) -> None:
    place.exo("model", "add", str(tiny))
    for arguments in (["model"], ["model", "info", "Tiny"], ["model", "verify"], ["model", "use", "Tiny"]):
        code = BARE.format(arguments, place.environ)
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = ended.stderr.splitlines()[-1].split()
        assert "exocortex.cli.model" in loaded
        assert {"http.client", "urllib.request", "ssl", "numpy", "llama_cpp"}.isdisjoint(loaded)
