"""T23, T24: notes no person wrote are read in seconds and little memory or left out, and nothing in them runs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from odd_notes import CASES, CHARACTERS, ENCODINGS, FRONTMATTER, INDEXED_WHOLE, SHAPES
from processes import CHECKOUT, Place, state_of

from exocortex.bootstrap import open_cortex
from exocortex.config import add_folder, load

pytestmark = pytest.mark.timeout(600)
SECONDS = 5.0
BUSY = 2.0
"""Processor time grows too when the machine's cores are shared out."""
EXTRA_MB = 300.0
TOO_LARGE = {"a file of 200 MB": "larger than 5 MB (200.0 MB)", "a line of 10 MB": "larger than 5 MB (10.0 MB)"}
BINARY = {"NUL in the text", "NULs only", "noise"}
WITHOUT_TEXT = {"an empty file", "a mark alone"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What became of every case, each read in a child of one child."""
    script = Path(__file__).with_name("reading_in_a_child.py")
    ended = subprocess.run(
        [sys.executable, script, *CASES],
        capture_output=True,
        text=True,
        timeout=560,
        cwd=tmp_path_factory.mktemp("cwd"),
        env={"PYTHONPATH": str(CHECKOUT), "TOKENIZERS_PARALLELISM": "false", "LANG": "C.UTF-8"},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return {one["name"]: one for one in map(json.loads, ended.stdout.splitlines())}


@pytest.mark.parametrize("name", [*SHAPES, *CHARACTERS, *ENCODINGS, *FRONTMATTER])
def test_t23_seconds_and_memory_are_bounded(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    one = outcomes[name]
    assert "error" not in one, one
    assert one["seconds"] <= SECONDS * BUSY, one
    assert one["extra_mb"] <= EXTRA_MB, one


@pytest.mark.parametrize("name", [*SHAPES, *CHARACTERS])
def test_t23_all_of_the_text_is_cut_unless_the_file_is_too_large(
    outcomes: dict[str, dict[str, Any]], name: str
) -> None:
    one = outcomes[name]
    assert one["reason"] == TOO_LARGE.get(name)
    assert one["whole"] or name in TOO_LARGE
    assert one["chunks"] >= 1 or name in TOO_LARGE


@pytest.mark.parametrize("name", list(ENCODINGS))
def test_t23_any_encoding_is_read_or_called_binary(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    one = outcomes[name]
    assert one["reason"] == ("binary data" if name in BINARY else None)
    assert one["whole"] or name in BINARY
    assert one["body"] == (name not in BINARY | WITHOUT_TEXT | {"half a UTF-16 mark"})


@pytest.mark.parametrize("name", list(FRONTMATTER))
def test_t24_the_body_is_indexed_whatever_stands_before_it(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    one = outcomes[name]
    assert one["reason"] is None
    assert one["body"]
    assert one["whole"]
    assert one["front_seconds"] <= 0.5 * BUSY, one
    assert one["properties"] <= 10_000
    assert one["property_bytes"] <= 1_000_000


def test_t24_no_code_in_frontmatter_runs(outcomes: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.vault.mkdir()
    for number, code in enumerate(_code(tmp_path / "ran")):
        (place.vault / f"{number}.md").write_text(f"---\nx: {code}\n---\n\nA heron stands.\n")
    assert place.exo("init", str(place.vault)).code == 0
    assert place.exo("index").code == 0
    assert len(place.json("search", "heron", "--mode", "words")["hits"]) == 6
    assert not (tmp_path / "ran").exists()
    assert any("Python" in warning for warning in outcomes["a Python object"]["warnings"])


def _code(ran: Path) -> list[str]:
    touch = f"touch {ran}"
    return [
        f'!!python/object/apply:os.system ["{touch}"]',
        f'!!python/object/apply:subprocess.check_output [[touch, "{ran}"]]',
        f"!!python/object/new:type [x, !!python/tuple [], {{extend: !!python/name:exec }}]\nlistitems: '{touch}'",
        "!!python/module:os",
        f'!<tag:yaml.org,2002:python/object/apply:os.system> ["{touch}"]',
        f"{{{{ os.system('{touch}') }}}}",
    ]


@pytest.mark.parametrize("name", INDEXED_WHOLE)
def test_a_note_near_the_limit_is_in_the_index_within_seconds(tmp_path: Path, name: str) -> None:
    place = Place(tmp_path)
    place.vault.mkdir()
    CASES[name](place.vault / "near.md")
    (place.vault / "other.md").write_text("The heron stands still.\n")
    before = state_of(place.vault)
    environ = place.environ
    del environ["EXO_EMBEDDER_NAME"]
    add_folder(load(environ), place.vault)
    with open_cortex(load(environ)) as cortex:
        began = time.process_time()
        cortex.index.refresh()
        seconds = time.process_time() - began
        (folder,) = cortex.index.status().folders
        assert (folder.indexed, folder.pending, folder.skipped) == (2, 0, 0)
    assert seconds <= 10 * BUSY
    assert state_of(place.vault) == before


def test_a_search_waits_for_a_second_of_large_notes_not_for_all(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.vault.mkdir()
    for number in range(12):
        CASES["words near the limit"](place.vault / f"{number}.md")
        with (place.vault / f"{number}.md").open("a") as file:
            file.write(f"heron{number}\n")
    add_folder(load(place.environ), place.vault)
    with open_cortex(load(place.environ)) as cortex:
        found = cortex.search.find("heron11", mode="words")
    assert 1 <= found.freshness.pending < 12
