"""Candidates: what may be quoted, and what each is worth before it is compared."""

from __future__ import annotations

from short_notes import LEASE, passages

from exocortex.summarizing.candidates import candidates


def texts(note: str, most: int = 100) -> list[str]:
    return [one.span.quote for one in candidates(passages(note)[0], most)]


def test_sentences_and_items_are_quoted_and_code_and_headings_are_not() -> None:
    found = texts(LEASE)
    assert found[0].startswith("The tenancy of the flat")
    assert "Pets: one dog is allowed in the flat, no parrots." in found
    assert not any("1480" in text or text == "Lease" for text in found)


def test_links_alone_lead_ins_and_scraps_are_left_out() -> None:
    scraps = "See:\n\n[[Boiler]] and the [[Wedding plan]]\n\n[A manual of it](manual.pdf)\n\nOK.\n\n"
    assert texts(scraps + "The heron stood under the radar.\n") == ["The heron stood under the radar."]


def test_a_note_without_sentences_gives_what_it_has() -> None:
    assert texts("# Only a heading\n") == ["Only a heading"]
    assert texts("| pets | limit |\n|---|---|\n| dogs | one |\n") == ["dogs | one"]
    assert texts("```\nls -la\n```\n") == ["ls -la"]


def test_the_same_sentence_counts_once() -> None:
    assert len(texts("The ferry leaves at nine.\n\n" * 5)) == 1


def test_of_too_many_those_go_on_whose_words_the_note_repeats() -> None:
    other = ["Plums ripen slowly.", "Corks float upside down.", "Moss covers north walls.", "Sails tear in gales."]
    about = [f"The ferry to Oban was {word} today." for word in ("late", "full", "early", "cold")]
    note = "\n\n".join(f"{a}\n\n{b}" for a, b in zip(other, about, strict=True))
    assert texts(note, 4) == about


def test_early_is_worth_more_than_late_and_running_text_more_than_items() -> None:
    found = candidates(passages("The ferry of nine leaves the harbour late.\n" + LEASE)[0], 100)
    prose = [one.weight for one in found if one.span.kind.value == "prose"]
    items = [one.weight for one in found if one.span.kind.value == "item"]
    assert prose[0] == max(prose)
    assert max(items) < prose[0]
    assert all(0 < one.weight <= 1 for one in found)


def test_questions_are_worth_less_than_statements() -> None:
    asked, said = candidates(
        passages("Does the ferry leave the harbour at nine today?\n\nNo.\n")[0]
        + passages("The ferry does leave the harbour at nine today.\n")[0],
        9,
    )
    assert asked.weight < said.weight
