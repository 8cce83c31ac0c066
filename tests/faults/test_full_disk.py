"""T9: the disk fills up while an index is made, at whatever moment; nothing breaks, and room brings it to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import EXO, Place, need, state_of
from vaults import dump, without_identities

IN_A_NAMESPACE = """
import json, shutil, subprocess, sys, time
home, size, after, *exo = sys.argv[1:]
settings = open(f"{home}/config.toml").read()
mount = ["mount", "-t", "tmpfs", "-o"]
subprocess.run([*mount, f"size={size},mode=700", "tmpfs", home], check=True)
open(f"{home}/config.toml", "w").write(settings)

def run(*arguments):
    ended = subprocess.run([*exo, *arguments], capture_output=True, text=True, timeout=60, cwd="/")
    return {"code": ended.returncode, "out": ended.stdout, "err": ended.stderr}

def status():
    ended = run("status", "--json")
    return json.loads(ended["out"]) if ended["code"] == 0 else {"failed": ended["err"]}

full = [run("index"), run("search", "heron", "--mode", "words")]
subprocess.run(["mount", "-o", "remount,size=200m", home], check=True)
recovered, found, deadline = False, None, time.monotonic() + 40
while after == "by itself" and not recovered and time.monotonic() < deadline:
    found = status()
    recovered = "failed" not in found and not found["chunks_to_embed"] and not found["embedding"] and all(
        folder["indexed"] == folder["on_disk"] > 0 for folder in found["folders"]) and not found["owner"]["problem"]
    time.sleep(0.2)
before, again = found, run("index")
found, stopped = status(), run("stop")
shutil.copytree(home, home + " after")
ends = {"full": full, "before": before, "again": again, "status": found, "stopped": stopped}
print(json.dumps({"recovered": recovered, **ends}))
"""
SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
"""Of what the finished index takes, as the disk's size: words, vectors and Chroma's files find it full in turn."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An index made with room enough."""
    place = Place(tmp_path_factory.mktemp("whole"))
    place.vault.mkdir()
    for number in range(150):
        text = "\n\n".join(
            f"Paragraph {part} of {number}: a heron in the harbour, {number * part}." for part in range(20)
        )
        (place.vault / f"note {number}.md").write_text(f"# Note {number}\n\n{text}\n")
    assert place.exo("init", str(place.vault)).code == 0
    assert place.exo("index").code == 0
    return place


@pytest.mark.parametrize("share", SHARES)
def test_t9_a_disk_that_fills_up_ends_a_run_and_nothing_else(whole: Place, tmp_path: Path, share: float) -> None:
    result = _filled(whole, tmp_path, share, "when told", EXO_OWNER_START="false")
    assert result["full"][0]["code"] == 2 or share > 0.8  # the last of it may just fit
    _nothing_is_lost(whole, tmp_path / "home after", result)


@pytest.mark.parametrize("share", SHARES[3:])
def test_t9_an_owner_on_a_full_disk_lives_on_and_goes_on_by_itself(whole: Place, tmp_path: Path, share: float) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    environ = {"EXO_OWNER_START": "true", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    result = _filled(whole, tmp_path, share, "by itself", **environ)
    assert result["recovered"], (result["full"], result["before"])
    assert result["stopped"]["code"] == 0
    _nothing_is_lost(whole, tmp_path / "home after", result)


def _filled(whole: Place, root: Path, share: float, after: str, **environ: str) -> dict[str, Any]:
    """What became of an index on a disk of this share of what it takes, and once there is room."""
    home = root / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_bytes((whole.home / "config.toml").read_bytes())
    before = state_of(whole.vault)
    size = int(share * sum(file.stat().st_size for file in whole.home.rglob("*") if file.is_file()))
    command = [need("unshare"), "-rm", sys.executable, "-c", IN_A_NAMESPACE, str(home), str(size), after, *EXO]
    need("mount")
    surroundings = whole.environ | {"EXO_HOME": str(home)} | environ
    ended = subprocess.run(command, capture_output=True, text=True, timeout=180, env=surroundings, check=False)
    assert ended.returncode == 0, ended.stderr
    assert state_of(whole.vault) == before
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def _nothing_is_lost(whole: Place, home: Path, result: dict[str, Any]) -> None:
    for ended in result["full"]:
        assert ended["code"] in (0, 1, 2)
        assert "Traceback" not in ended["err"]
        if ended["code"] == 2:
            assert "disk has room" in ended["err"] or "No space left" in ended["err"], ended["err"]
    assert result["again"]["code"] == 0, result["again"]
    assert result["status"]["notices"] == []
    assert without_identities(dump(home)) == without_identities(dump(whole.home))
