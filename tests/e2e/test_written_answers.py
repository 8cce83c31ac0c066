"""Answers that a model writes: streamed, cited, checked against the notes, kept with a receipt; by a real owner."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from openai_servers import Scripted, answers, delta, says, scripted, streams
from owned import OwnedPlace, make_owned
from terminals import Terminal
from tiny_models import make_model

TRUE = "The deposit is £1,480 [1]."
FALSE = "It is paid back within thirty days of moving out [1]."
NOWHERE = "The landlord is kind [9]."
QUESTION = ("ask", "How much is the deposit?")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OwnedPlace]:
    made = make_owned(tmp_path, None, EXO_EMBEDDER_NAME="all-MiniLM-L6-v2")
    assert made.exo("index").code == 0
    yield made
    made.end()


def asked(place: OwnedPlace, server: Scripted, *arguments: str) -> dict[str, object]:
    """The answer as JSON."""
    answer: dict[str, object] = place.exo(*QUESTION, *arguments, "--json", EXO_MODEL_URL=server.url).json()
    return answer


def test_each_sentence_is_checked_against_the_lines_it_cites(place: OwnedPlace) -> None:
    with scripted(says(" ".join((TRUE, FALSE, NOWHERE)))) as server:
        answer = asked(place, server)
    sentences = answer["sentences"]
    assert isinstance(sentences, list)
    assert [(one["support"], one["citations"]) for one in sentences] == [
        ("supported", [1]),
        ("unsupported", [1]),
        ("unsupported", []),
    ]
    assert "thirty" in " ".join(sentences[1]["reasons"]) or "30" in " ".join(sentences[1]["reasons"])
    assert answer["dropped_citations"] == 1
    assert [one["path"] for one in answer["citations"]] == ["Home/Lease.md"]  # type: ignore[attr-defined]


def test_what_is_not_borne_out_is_marked_or_with_strict_left_out(place: OwnedPlace) -> None:
    with scripted(says(" ".join((TRUE, FALSE))), says(" ".join((TRUE, FALSE))), says(FALSE)) as server:
        marked = place.exo(*QUESTION, EXO_MODEL_URL=server.url)
        strict = place.exo(*QUESTION, "--strict", EXO_MODEL_URL=server.url)
        nothing = place.exo(*QUESTION, "--strict", EXO_MODEL_URL=server.url)
    assert (marked.code, strict.code, nothing.code) == (0, 0, 1)
    assert "thirty days of moving out. [1]  not supported" in marked.out
    assert "thirty" not in strict.out
    assert "£1,480. [1]\n" in strict.out
    assert "1 sentence that the cited lines don't support is left out" in strict.err
    assert nothing.out.startswith("Nothing that your notes support was written.")
    assert "Not in your notes" not in nothing.out


def test_the_model_is_given_passages_with_title_and_date_and_no_more(place: OwnedPlace) -> None:
    with scripted(says(TRUE)) as server:
        asked(place, server)
        (request,) = [one for one in server.asked if one.path.endswith("/chat/completions")]
    system, user = request.body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "[1] Lease, 2024-03-05\n" in user["content"]
    assert user["content"].endswith("Question: How much is the deposit?")


def test_nothing_relevant_asks_no_model(place: OwnedPlace) -> None:
    with scripted() as server:
        ended = place.exo("ask", "Which airline flies to Osaka on Tuesdays?", EXO_MODEL_URL=server.url)
        assert [one for one in server.asked if one.path.endswith("/chat/completions")] == []
    assert ended.code == 1
    assert ended.out.startswith("Not in your notes.")


def test_a_model_that_says_it_does_not_know_is_taken_at_its_word(place: OwnedPlace) -> None:
    with scripted(says("Not in your notes.")) as server:
        assert place.exo(*QUESTION, EXO_MODEL_URL=server.url).out.startswith("Not in your notes.")


def test_a_model_that_writes_nothing_is_not_taken_to_deny(place: OwnedPlace) -> None:
    with scripted(says(""), says(" \n"), says(" ")) as server:
        quoted = place.exo(*QUESTION, EXO_MODEL_URL=server.url)
        shown = place.exo("ask", "How kind is the deposit's landlord to her dog?", "--json", EXO_MODEL_URL=server.url)
    assert "The deposit is £1,480." in quoted.out
    assert "wrote nothing. The answer is quoted from your notes instead." in quoted.err
    answer = shown.json()
    assert answer["abstained"]
    assert "wrote nothing" in answer["silence"]


def test_notes_that_are_away_are_not_taken_to_say_nothing(place: OwnedPlace) -> None:
    (place.vault / "Home").rename(place.vault.parent / "Elsewhere")
    ended = place.exo(*QUESTION)
    assert ended.out.startswith("Not in the notes that are there now.")
    assert "Not looked at, since their files are away: notes:Home/Lease.md, notes:Home/Boiler.md. See: exo" in ended.err


def test_a_model_that_fails_leaves_what_it_wrote_and_the_notes_are_quoted(place: OwnedPlace) -> None:
    for failure in (answers(500, "out of memory"), streams(delta("The dep"))):
        with scripted(failure) as server:
            ended = place.exo(*QUESTION, "--json", EXO_MODEL_URL=server.url)
        answer = ended.json()
        assert (ended.code, answer["failed"], answer["engine"]) == (0, True, "extractive")
        assert "£1,480" in answer["sentences"][0]["text"]
        assert "quoted from your notes instead" in answer["notices"][-1]
    assert answer["written"] == "The dep"


def test_a_follow_up_is_asked_in_full_and_a_conversation_can_be_taken_up_again(place: OwnedPlace) -> None:
    replies = (says(TRUE), says("How much notice does the lease need?"), says("Two full months of notice [1]."))
    with scripted(*replies) as server:
        script = b"How much is the deposit of the lease?\nAnd how much notice does it need?\n/scope tag:none\n/quit\n"
        ended = place.exo("chat", stdin=script, EXO_MODEL_URL=server.url)
    assert ended.code == 0
    assert "£1,480" in ended.out
    assert "Two full months" in ended.out
    assert "searched for: How much notice does the lease need?" in ended.err
    (thread,) = [json.loads(line) for line in place.exo("chat", "--list", "--json").out.splitlines()]
    assert thread["answers"] == 2
    shown = place.exo("chat", "--show", thread["id"][:12]).out
    assert "And how much notice does it need?" in shown
    assert place.exo("chat", "--delete", thread["id"]).code == 0
    assert place.exo("chat", "--list").out == ""
    assert place.exo("receipt").out == ""


def test_without_a_model_a_follow_up_carries_what_it_was_about(place: OwnedPlace) -> None:
    ended = place.exo("chat", stdin=b"How much is the deposit of the lease?\nWhen is it paid back?\n")
    assert "searched for: When is it paid back? deposit lease" in ended.err
    assert "ten days of moving out" in ended.out


def test_an_answer_asked_anew_takes_the_place_of_the_last(place: OwnedPlace) -> None:
    with scripted(says("It is [1]."), says(TRUE)) as server:
        place.exo("chat", stdin=b"How much is the deposit?\n/again\n", EXO_MODEL_URL=server.url)
    (thread,) = [json.loads(line) for line in place.exo("chat", "--list", "--json").out.splitlines()]
    shown = [json.loads(line) for line in place.exo("chat", "--show", thread["id"], "--json").out.splitlines()]
    assert [one["receipt"]["written"] for one in shown] == [TRUE]


def test_a_role_sets_instructions_and_a_bad_one_is_told_of(place: OwnedPlace) -> None:
    roles = place.home / "roles"
    roles.mkdir()
    (roles / "tenant.toml").write_text('instructions = "Answer as a lawyer."\nscope = "path:Home"\n')
    (roles / "odd.toml").write_text("instructions = 3\n")
    with scripted(says(TRUE)) as server:
        place.exo("chat", "--role", "tenant", stdin=b"How much is the deposit?\n", EXO_MODEL_URL=server.url)
        (request,) = [one for one in server.asked if one.path.endswith("/chat/completions")]
        assert "Answer as a lawyer." in request.body["messages"][0]["content"]
        for role, says_what in (("odd", "instructions in"), ("none", "There is no role")):
            ended = place.exo("chat", "--role", role, stdin=b"How much?\n", EXO_MODEL_URL=server.url)
            assert says_what in ended.err


def test_a_saved_answer_is_a_note_that_is_no_evidence(place: OwnedPlace) -> None:
    with scripted(says("The deposit is £1,480, said the wombat [1].")) as server:
        ended = place.exo("chat", stdin=b"How much is the deposit?\n/save\n", EXO_MODEL_URL=server.url)
    assert "Saved: " in ended.err
    (note,) = place.vault.glob("Inbox/*.md")
    text = note.read_text()
    assert "machine-written: true" in text
    assert "[[Home/Lease]]" in text
    assert place.exo("search", "wombat", "--mode", "words").code == 0
    for scope, found in (("", False), ("machine-written:true", True)):
        answer = place.exo("ask", "What did the wombat say of the deposit?", "--scope", scope, "--json").json()
        paths = {hit["path"] for hit in answer["hits"]}
        assert any(path.startswith("Inbox/") for path in paths) is found


def test_a_receipt_tells_when_a_source_changed(place: OwnedPlace) -> None:
    with scripted(says(TRUE)) as server:
        receipt = asked(place, server)["receipt"]
    assert isinstance(receipt, str)
    lease = place.vault / "Home" / "Lease.md"
    assert place.exo("receipt", receipt).code == 0
    lease.write_text(lease.read_text().replace("# Lease\n", "# Lease\n\nA line more.\n"))
    assert place.exo("search", "deposit").code == 0
    contract = lease.rename(place.vault / "Contract.md")
    states = {
        one["state"]: one["path"]
        for one in place.exo("receipt", receipt, "--json").json()["sources"]
        if one["anchor"]["path"] == "Home/Lease.md"
    }
    assert states["moved"] == "notes:Contract.md"
    assert "gone" not in states
    contract.write_text(contract.read_text().replace("1,480", "1,580"))
    changed = place.exo("receipt", receipt)
    assert changed.code == 1
    assert "source changed" in changed.out
    assert "1,580" in changed.out


def test_a_model_of_ones_own_answers_and_says_the_same_again(place: OwnedPlace, tmp_path: Path) -> None:
    file = make_model(tmp_path / "tiny.gguf", context=8192)
    assert place.exo("model", "add", str(file)).code == 0
    answer = place.exo(*QUESTION, "--json").json()
    assert answer["engine"] == "tiny"
    assert answer["written"]
    assert {one["support"] for one in answer["sentences"]} <= {"unsupported", "weak"}
    replayed = place.exo("replay", answer["receipt"], "--json").json()
    assert (replayed["same"], replayed["same_model"]) == (True, True)
    assert place.exo(*QUESTION, "--engine", "extractive", "--json").json()["engine"] == "extractive"
    unknown = place.exo(*QUESTION, "--engine", "nothing")
    assert unknown.code == 2
    assert "nothing" in unknown.err


# On a terminal

LONG = (
    "The deposit is £1,480 [1]. It is paid back within thirty days of moving out, provided that the flat is left "
    "clean and that every key is handed over in person [1]. The landlord is kind [9]."
)
EVIL = "The deposit\x1b]52;c;aGk=\x07 is \x1b[2J £1,480\u202e [1]. \x1b]8;;http://x\x07here\x1b]8;;\x07 [1]."


def test_sources_come_first_then_the_words_then_what_is_not_borne_out(place: OwnedPlace) -> None:
    with scripted(says(LONG)) as server:
        at = Terminal(place, *QUESTION, EXO_MODEL_URL=server.url)
        assert at.ends() == 0
    order = (
        "  1 Home/Lease.md:6 Lease (2024-03-05)",
        "  The deposit is £1,480 [1]. It is paid back within thirty days of moving out,",
        "  provided that the flat",
        '  not supported: "thirty days" is not in the cited lines',
        "    It is paid back within thirty days of moving out, provided that the flat is",
        "  not supported: it cites no lines",
        "    The landlord is kind.",
        "1 citation of passages that were not given",
        "  searched 5 of 5 notes",
    )
    found = [next(n for n, line in enumerate(at.lines) if line.startswith(one)) for one in order]
    assert found == sorted(found)
    assert "\n\n\n" not in at.text
    assert at.text.count("1 Home/Lease.md:6") == 1


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_words_are_wrapped_between_words(place: OwnedPlace, columns: int) -> None:
    with scripted(says(LONG)) as server:
        shown, _ = place.terminal(*QUESTION, columns=columns, TERM="dumb", EXO_MODEL_URL=server.url)
    lines = shown.decode().replace("\r", "").split("\n")
    assert max(map(len, lines)) <= columns
    assert LONG in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("command", ["ask", "chat"])
def test_t26_what_a_model_writes_can_not_act_on_the_terminal(place: OwnedPlace, command: str) -> None:
    with scripted(says(EVIL)) as server:
        at = Terminal(place, command, *(QUESTION[1:] if command == "ask" else ()), EXO_MODEL_URL=server.url)
        if command == "chat":
            at.waits_for(">")
            at.types(QUESTION[1])
            at.waits_for("searched 5 of 5 notes")
            at.presses("d")
        assert at.ends() == 0
        receipt = place.exo("receipt", "--json").json()["id"]
        piped = place.exo(*QUESTION, EXO_MODEL_URL=server.url)
    assert at.commands() == []
    assert r"\x1b]52;c;aGk=\x07" in at.text
    assert r"\x1b[2J" in at.text
    thread = place.exo("chat", "--list", "--json").out
    shown = [["receipt"], ["receipt", receipt], ["receipt", receipt, "--prompt"]]
    shown += [["chat", "--show", json.loads(thread)["id"]]] if command == "chat" else []
    for arguments in shown:
        again = Terminal(place, *arguments)
        assert again.ends() == 0
        assert again.commands() == []
    assert "\x1b" not in piped.out + piped.err


def test_strict_shows_the_sources_once_and_nothing_unchecked(place: OwnedPlace) -> None:
    with scripted(says(LONG), says(FALSE)) as server:
        at = Terminal(place, *QUESTION, "--strict", EXO_MODEL_URL=server.url)
        assert at.ends() == 0
        none = Terminal(place, *QUESTION, "--strict", EXO_MODEL_URL=server.url)
        assert none.ends() == 1
    assert at.text.count("1 Home/Lease.md:6") == 1
    assert b"thirty" not in at.received
    assert "  The deposit is £1,480. [1]" in at.lines
    assert "  Nothing that your notes support was written." in none.lines
    assert "nearest" not in none.text


def test_ctrl_c_stops_it_on_a_row_of_its_own_and_a_failure_is_told_apart(place: OwnedPlace) -> None:
    with scripted(streams(delta("The deposit is high and "), hangs=True), streams(delta("The dep"))) as server:
        at = Terminal(place, *QUESTION, EXO_MODEL_URL=server.url)
        at.waits_for("is high")
        at.presses("c")
        assert at.ends() == 130
        failed = Terminal(place, *QUESTION, EXO_MODEL_URL=server.url)
        assert failed.ends() == 0
    assert "Stopped." in at.lines
    assert "Stopped: the answer is not whole." in at.lines
    for line in ("  The dep", "  The model broke off. Your notes say:", "  The deposit is £1,480. [1]"):
        assert line in failed.lines


def test_a_conversation_on_a_terminal_leaves_it_in_order(place: OwnedPlace) -> None:
    with scripted(says(TRUE)) as server:
        at = Terminal(place, "chat", EXO_MODEL_URL=server.url)
        at.waits_for(">")
        at.types(QUESTION[1])
        at.waits_for("searched 5 of 5 notes")
        at.types("/sources")
        at.waits_for(f"engine    tiny  at {server.url} tiny")
        at.types("/nonsense")
        at.waits_for("See: /help")
        at.presses("d")
        assert at.ends() == 0
        interrupted = Terminal(place, "chat", EXO_MODEL_URL=server.url)
        interrupted.waits_for(">")
        interrupted.presses("c")
        assert interrupted.ends() == 130
    assert "> How much is the deposit?" in at.lines
    assert at.received.endswith(b"\r\n")
    assert interrupted.received.endswith(b"\r\n")
    footer = next(n for n, line in enumerate(at.lines) if line.startswith("  searched"))
    assert at.lines[footer + 1 : footer + 3] == ["", "> /sources"]


def test_a_conversation_through_a_pipe_shows_each_question_above_its_answer(place: OwnedPlace) -> None:
    ended = place.exo("chat", stdin=b"How much is the deposit?\n\n/scope\nWhich airline \xff flies to Osaka?\n")
    first, second = ended.out.split("\n\n> ")
    assert first.startswith("> How much is the deposit?\nThe deposit is £1,480. [1]\n\n1 Home/Lease.md:")
    assert second.startswith("Which airline \ufffd flies to Osaka?\n")
    assert ended.out.endswith("\n\n")
    assert "\x1b" not in ended.out
    assert ended.code == 0


def test_a_conversation_whose_receipts_can_not_be_read_says_what_to_do(place: OwnedPlace) -> None:
    place.exo("chat", stdin=b"How much is the deposit?\n")
    thread = place.exo("chat", "--list", "--json").json()["id"]
    assert place.exo("stop").code == 0
    with closing(sqlite3.connect(place.home / "state.db")) as db, db:
        db.execute("UPDATE receipts SET content = replace(content, 'deposit', 'dep0sit')")
    assert place.exo("chat", "--list").out.rstrip().endswith("How much is the deposit?")
    for arguments in (["chat", "--show", thread], ["receipt"]):
        ended = place.exo(*arguments)
        assert ended.code == 2
        assert "is not what was written" in ended.err
        assert "exo restore --list" in ended.err
    at = Terminal(place, "chat", "--thread", thread)
    at.waits_for(">")
    at.types("And when is it paid back?")
    at.waits_for("To begin another conversation: /new")
    at.types("/new")
    at.waits_for("A new conversation.")
    at.types(QUESTION[1])
    at.waits_for("searched 5 of 5 notes")
    at.presses("d")
    assert at.ends() == 0
    assert place.exo("chat", "--delete", thread).code == 0
