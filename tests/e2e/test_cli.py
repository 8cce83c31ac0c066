"""`exo` as people and scripts run it, on notes that mean well."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from places import EXO, NOTES, Place, make_place

# The first minute


def test_the_first_command_without_a_folder_says_what_to_type(fresh: Place) -> None:
    for command in (["search", "x"], ["ask", "x"], ["index"], ["recent"], ["show", "x"]):
        ended = fresh.exo(*command)
        assert (ended.code, ended.out) == (2, "")
        assert "exo init ~/notes" in ended.err
    assert not fresh.home.exists()


def test_init_tells_what_it_found_and_what_comes_next(fresh: Place) -> None:
    ended = fresh.exo("init", "notes", cwd=fresh.vault.parent)
    assert ended.code == 0
    assert "5 notes" in ended.out
    assert "exo index" in ended.err
    assert "Already there" in fresh.exo("init", str(fresh.vault)).out
    indexed = fresh.exo("index")
    assert indexed.code == 0
    assert "5 notes in the index (5 added)" in indexed.out


def test_a_folder_can_be_searched_before_it_is_indexed(fresh: Place) -> None:
    fresh.exo("init", str(fresh.vault))
    found = fresh.exo("search", "deposit", "--json").json()
    assert found["hits"][0]["path"] == "Home/Lease.md"


@pytest.mark.parametrize(
    ("folder", "message"), [("missing", "does not exist"), ("notes/plain.txt", "is a file, not a folder")]
)
def test_init_refuses_what_is_no_folder(fresh: Place, folder: str, message: str) -> None:
    ended = fresh.exo("init", str(fresh.vault.parent / folder))
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


def test_an_empty_vault_is_said_to_be_empty(tmp_path: Path) -> None:
    empty = make_place(tmp_path, {})
    added = empty.exo("init", str(empty.vault))
    assert (added.code, "0 notes" in added.out) == (0, True)
    assert empty.exo("index").code == 0
    assert empty.exo("search", "x").code == 1
    assert empty.exo("ask", "what?").code == 1
    assert empty.exo("status").code == 0
    assert empty.exo("tags").code == 1


def test_folders_are_listed_and_taken_out(fresh: Place) -> None:
    assert fresh.exo("folders").code == 1
    fresh.exo("init", str(fresh.vault))
    assert fresh.exo("folders").out == f"notes\t{fresh.vault}\n"
    assert fresh.exo("folders", "remove", "wiki").code == 2
    assert fresh.exo("folders", "remove", "notes").code == 0
    assert fresh.exo("folders").code == 1
    assert (fresh.vault / "plain.txt").exists()


# Finding


def test_search_puts_the_place_first_and_one_hit_on_a_line(place: Place) -> None:
    ended = place.exo("search", "deposit", "--mode", "words")
    assert ended.code == 0
    assert re.match(r"Home/Lease\.md:\d+: Lease › Deposit: .*deposit is £1,480", ended.out)
    assert all(re.match(r"[^:]+\.(md|txt):\d+: ", line) for line in ended.out.splitlines())


def test_search_as_json_has_the_promised_shape(place: Place) -> None:
    found = place.exo("search", "deposit", "--json").json()
    assert found["schema"] == 1
    assert found["query"] == "deposit"
    hit = found["hits"][0]
    keys = "folder path file title headings first_line last_line score ranks snippet missing"
    assert sorted(hit) == sorted(keys.split())
    assert hit["file"] == str(place.vault / "Home/Lease.md")
    assert hit["ranks"]["words"] == 1
    assert 0 <= hit["score"] <= 1
    assert "explained" not in found
    assert "explained" in place.exo("search", "deposit", "--json", "--explain").json()


def test_words_with_a_dash_leave_out_and_slips_are_told(place: Place) -> None:
    assert "Boiler" not in place.exo("search", "pressure", "deposit", "-bar", "--mode", "words").out
    slip = place.exo("search", "x", "--limt", "5")
    assert slip.code == 2
    assert "--limit" in slip.err


def test_nothing_found_is_one(place: Place) -> None:
    ended = place.exo("search", "xylophone", "--mode", "words")
    assert (ended.code, ended.out) == (1, "")


def test_a_batch_answers_each_line_in_order(place: Place) -> None:
    every = "".join(chr(code) for code in range(32, 127) if not chr(code).isalnum())
    queries = [
        "deposit",
        "before:notaday x",
        "",
        every,
        *every,
        "水",
        "🪶",
        "x" * 10_000,
        '"',
        "a OR NOT AND (",
        "heron",
    ]
    stdin = b"\xff\n" + "\n".join(queries).encode() + b"\n"
    values = [
        json.loads(line) for line in place.exo("search", "--batch", "--mode", "words", stdin=stdin).out.splitlines()
    ]
    assert len(values) == len(queries) + 1
    assert "UTF-8" in values[0]["error"]["message"]
    assert all(value["schema"] == 1 for value in values)
    for query, value in zip(queries, values[1:], strict=True):
        assert value.get("query", query) == query
        assert "error" not in value or value["error"]["kind"] == "usage"
    assert values[1]["hits"][0]["path"] == "Home/Lease.md"
    assert "error" in values[2]
    assert values[-1]["hits"][0]["path"] == "Meeting 9:30.md"


def test_a_batch_is_answered_line_by_line(place: Place) -> None:
    with subprocess.Popen(
        [*EXO, "ask", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=place.environ, cwd="/"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for question in ("How much is the deposit?", "What is the capital of Peru?"):
            process.stdin.write(question.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["question"] == question
        process.stdin.close()
        assert process.wait(30) == 0


def test_ask_cites_lines_that_say_so(place: Place) -> None:
    answer = place.exo("ask", "How much is the deposit?", "--json").json()
    assert answer["schema"] == 1
    assert not answer["abstained"]
    lines = (place.vault / "Home/Lease.md").read_text().splitlines()
    for citation in answer["citations"]:
        if citation["path"] == "Home/Lease.md":
            cited = " ".join(lines[citation["first_line"] - 1 : citation["last_line"]])
            assert " ".join(citation["quote"].split()) in cited
    assert any("£1,480" in sentence["text"] for sentence in answer["sentences"])
    assert place.exo("ask", "-", stdin=b"How much is the deposit?\n").out.startswith("The deposit is £1,480. [1]\n")


def test_ask_says_when_it_is_not_in_the_notes(place: Place) -> None:
    ended = place.exo("ask", "Which telescope did Galileo point at Jupiter?")
    assert ended.code == 1
    assert ended.out.startswith("Not in your notes.\n")
    assert "searched 5 of 5 notes" in ended.out


@pytest.mark.parametrize("question", [[], [""], ["  "], ["-"]])
def test_no_question_is_bad_usage(place: Place, question: list[str]) -> None:
    assert place.exo("ask", *question).code == 2


# Notes


def test_show_prints_the_note_or_the_lines_around_one(place: Place) -> None:
    assert place.exo("show", "Lease").out == NOTES["Home/Lease.md"]
    assert place.exo("show", "Meeting 9:30").out == NOTES["Meeting 9:30.md"]
    around = place.exo("show", "Home/Lease.md:10").out
    assert "The deposit is" in around
    assert "title: Lease" not in around
    assert place.exo("show", "Lease:999").code == 2
    assert place.exo("show", "Lease.md", cwd=place.vault / "Home").out == NOTES["Home/Lease.md"]


@pytest.mark.parametrize("command", ["show", "open", "links", "inspect", "similar"])
def test_an_unknown_note_is_an_error(place: Place, command: str) -> None:
    ended = place.exo(command, "No such note", EDITOR="true")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("exo: ")


def test_links_go_out_come_back_and_lead_nowhere(place: Place) -> None:
    links = place.exo("links", "Lease", "--json").json()
    assert [link["path"] for link in links["out"]] == ["Home/Boiler.md"]
    assert [link["source"]["path"] for link in links["back"]] == ["Home/Boiler.md"]
    assert [link["link"]["target"] for link in links["unresolved"]] == ["Nowhere"]
    lines = place.exo("links", "Lease").out.splitlines()
    assert [line.split("\t")[1] for line in lines] == ["out", "back", "unresolved"]


def test_lists_over_all_notes(place: Place) -> None:
    assert place.exo("tags", "--json").json()["items"][0] == {"tag": "home", "notes": 2}
    assert place.exo("tasks").out == "Home/Lease.md:16: [ ] ask about the deposit\n"
    assert place.exo("tasks", "--done").out == "Home/Lease.md:17: [x] sign\n"
    assert place.exo("tasks", "--scope", "tag:nope").code == 1
    assert len(place.exo("recent", "--limit", "3").out.splitlines()) == 3
    inspected = place.exo("inspect", "Lease", "--json").json()
    assert sorted(inspected["tags"]) == ["contract", "home"]


def test_a_task_is_ticked_by_its_line_and_taken_back(fresh: Place) -> None:
    note = fresh.vault / "Home/Lease.md"
    before = note.read_bytes()
    assert fresh.exo("init", str(fresh.vault)).code == 0
    assert fresh.exo("index").code == 0
    assert fresh.exo("tasks", "--tick", "Lease:16").out == "Home/Lease.md:16: [x] ask about the deposit\n"
    assert note.read_bytes() == before.replace(b"- [ ] ask", b"- [x] ask")
    assert fresh.exo("tasks").code == 1
    assert fresh.exo("tasks", "--untick", str(note) + ":16", "--json").json()["items"][0]["task"]["done"] is False
    assert fresh.exo("undo").code == 0
    assert b"- [x] ask" in note.read_bytes()
    for wrong in ("Lease", "Lease:3", "Nowhere:1"):
        failed = fresh.exo("tasks", "--tick", wrong)
        assert (failed.code, failed.out) == (2, "")


def test_an_old_note_is_shown_again_the_same_all_day(fresh: Place) -> None:
    assert fresh.exo("init", str(fresh.vault)).code == 0
    assert fresh.exo("index").code == 0
    assert fresh.exo("recent", "--again").code == 1
    os.utime(fresh.vault / "plain.txt", (1_600_000_000, 1_600_000_000))
    assert "plain.txt" in fresh.exo("recent", "--again").out
    assert fresh.exo("recent", "--again", "--json").json()["items"][0]["note"]["path"] == "plain.txt"


def test_status_adds_up(place: Place) -> None:
    folder = place.exo("status", "--json").json()["folders"][0]
    assert folder["on_disk"] == folder["indexed"] + folder["pending"] + folder["skipped"] == 5
    assert "5 on disk = 5 indexed + 0 pending + 0 skipped" in place.exo("status").out


def test_config_names_where_each_value_comes_from(place: Place) -> None:
    rows = [line.split("\t") for line in place.exo("config", EXO_SEARCH_LIMIT="3").out.splitlines()]
    origins = {row[0]: row[1:3] for row in rows}
    assert origins["search.limit"] == ["3", "environment EXO_SEARCH_LIMIT"]
    assert origins["search.mode"] == ['"hybrid"', "default"]


def test_open_runs_the_editor_at_the_line_without_a_shell(place: Place, tmp_path: Path) -> None:
    editor = tmp_path / "vim"
    editor.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "$(umask)" "$(ulimit -c)" > "{tmp_path}/seen"\n')
    editor.chmod(0o755)
    ended = place.exo("open", "Lease:10", EDITOR=f"{editor} -c 'set x; touch {tmp_path}/shell'")
    assert ended.code == 0
    mask = os.umask(0)
    os.umask(mask)
    expected = ["-c", f"set x; touch {tmp_path}/shell", "+10", str(place.vault / "Home/Lease.md"), f"{mask:04o}", "0"]
    assert (tmp_path / "seen").read_text().splitlines() == expected
    assert not (tmp_path / "shell").exists()


def test_open_without_an_editor_says_what_to_set(place: Place) -> None:
    ended = place.exo("open", "Lease")
    assert ended.code == 2
    assert "export EDITOR" in ended.err
