"""`exo summarize` and `exo digest` as people meet them: through the owner, alone, on a terminal, stopped half way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from owned import OwnedPlace
from places import EXO, Place, make_place

SAMPLE = Path(__file__).parents[2] / "assets" / "vault"


def test_the_owner_says_the_same_as_the_command_alone(owned: OwnedPlace) -> None:
    assert owned.exo("index").code == 0
    through = owned.exo("summarize", "Home", "--json")
    assert through.code == 0
    assert len(owned.owners()) == 1
    digest = owned.exo("digest", "week", "--json").json()
    assert owned.exo("stop").code == 0
    alone = owned.exo("summarize", "Home", "--json", "--no-owner")
    first, second = through.json(), alone.json()
    assert owned.owners() == []
    for document in (first, second):
        del document["making"]["freshness"]
    assert first == second
    assert (first["schema"], first["scope"], first["title"]) == (1, "folder", "Folder Home")
    assert {one["path"] for one in first["citations"]} == {"Home/Lease.md", "Home/Boiler.md"}
    assert {note["note"]["path"] for folder in digest["folders"] for note in folder["notes"]} >= {"Home/Lease.md"}


def test_every_quote_is_that_of_its_lines(place: Place) -> None:
    for what in ("Lease", "Home", "tag:home", "deposit of the flat"):
        found = place.exo("summarize", what, "--json").json()
        assert found["points"]
        for one in found["citations"]:
            lines = Path(one["file"]).read_text().split("\n")[one["first_line"] - 1 : one["last_line"]]
            assert one["quote"] in " ".join(" ".join(lines).split())


def test_paths_are_those_of_the_shell(place: Place) -> None:
    assert place.exo("summarize", ".", cwd=place.vault / "Home").out.startswith("Folder Home\n")
    assert place.exo("summarize", "Lease.md", cwd=place.vault / "Home").out.startswith("Note “Lease”\n")
    assert place.exo("summarize", "Home", cwd=place.vault).out.startswith("Folder Home\n")
    assert place.exo("summarize", "Home/Boiler.md").out.startswith("Note “Boiler”\n")


@pytest.mark.parametrize("what", ["tag:nothing", "zzyzx qwxyz", "/etc"])
def test_nothing_found_is_one(place: Place, what: str) -> None:
    ended = place.exo("summarize", what)
    assert (ended.code, ended.out) == (1, "Nothing in your notes is called so or matches.\n")
    assert place.exo("summarize", what, "--json").code == 1


def test_mistakes_are_told(place: Place) -> None:
    assert place.exo("summarize").code == 2
    assert place.exo("summarize", "Home", "--points", "99").code == 2
    assert place.exo("digest", "month").code == 2
    ended = place.exo("summarize", "after:whenever", "--json")
    assert ended.code == 2
    assert json.loads(ended.err)["error"]["kind"] == "usage"


def test_the_help_lists_them_beside_the_questions(place: Place) -> None:
    text = place.exo("--help").out
    section = text[text.index("Ask and search:") : text.index("Read:")]
    assert "summarize" in section
    assert "digest" in section


def test_stopped_half_way_it_shows_nothing_and_leaves_the_owner_at_work(owned: OwnedPlace) -> None:
    for number in range(4000):
        lines = (f"On day {number} ferry {number * 7 + n} left pier {n} for the island.\n\n" for n in range(8))
        (owned.vault / f"ferry {number}.md").write_text(f"# Ferry {number}\n\n" + "".join(lines))
    assert owned.exo("index").code == 0
    child = pexpect.spawn(EXO[0], [*EXO[1:], "summarize", "notes"], env=owned.environ, timeout=60)
    child.expect(b"Reading")
    child.sendintr()
    shown = child.read()
    child.close()
    assert child.exitstatus == 130
    assert b"Stopping." in shown
    assert b"Folder notes" not in shown
    assert b"Traceback" not in shown
    assert "Lease" in owned.exo("search", "deposit", "--mode", "words").out


def test_the_sample_vault_with_the_bundled_embedder(tmp_path: Path) -> None:
    notes = {str(file.relative_to(SAMPLE)): file.read_text() for file in SAMPLE.rglob("*.md")}
    made = make_place(tmp_path, notes)
    place = replace(made, environ=made.environ | {"EXO_EMBEDDER_NAME": "all-MiniLM-L6-v2"})
    assert place.exo("init", str(place.vault)).code == 0
    assert place.exo("index").code == 0
    heron = place.exo("summarize", "Work/Meetings").out
    assert "because a heron stood under the radar at Coldharbour weir" in heron
    boiler = place.exo("summarize", "boiler pressure when cold", "--points", "3").out
    assert "1.3 bar" in boiler
    assert place.exo("digest").out.startswith("Today, ")
