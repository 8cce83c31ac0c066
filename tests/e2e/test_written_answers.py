"""Answers that a model writes: streamed, cited, checked against the notes, kept with a receipt; by a real owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai_servers import Scripted, answers, delta, says, scripted, streams
from owned import OwnedPlace, make_owned
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
    assert nothing.out.startswith("Not in your notes.")


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
    assert "searched for: When is it paid back? much deposit lease" in ended.err
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
