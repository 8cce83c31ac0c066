"""Links lead where Obsidian would lead them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.links import alias_key, anchor_line, link_key, name_keys, resolve
from exocortex.core.notes import Heading, Link, LinkKind


class Names:
    """A NameIndex over a list of paths."""

    def __init__(self, *paths: str, aliases: dict[str, str] | None = None) -> None:
        self._paths = paths
        self._aliases = aliases or {}

    def files_named(self, key: str) -> Sequence[str]:
        return [path for path in self._paths if key in name_keys(path)]

    def notes_aliased(self, key: str) -> Sequence[str]:
        return [path for alias, path in self._aliases.items() if alias_key(alias) == key]


VAULT = Names(
    "Home.md",
    "a/Note.md",
    "a/deep/er/Note.md",
    "b/Note.md",
    "b/Only.md",
    "b/pic.png",
    "b/Only.txt",
    "c/Über uns.md",
    "c/v1.2.md",
    "c/🗂️ Index.md",
    "d/Home.md",
    "d/100% done.md",
    "d/list.txt",
    aliases={"The Boss": "b/Only.md", "Twice": "a/Note.md", "twice": "Home.md"},
)


def wiki(target: str) -> Link:
    return Link(LinkKind.WIKI, target, None, None, 1)


def markdown(target: str) -> Link:
    return Link(LinkKind.MARKDOWN, target, None, None, 1)


@pytest.mark.parametrize(
    ("target", "source", "path"),
    [
        ("Only", "Home.md", "b/Only.md"),
        ("only.MD", "Home.md", "b/Only.md"),
        ("Only.txt", "Home.md", "b/Only.txt"),
        ("list", "Home.md", "d/list.txt"),
        ("pic.png", "Home.md", "b/pic.png"),
        ("pic", "Home.md", None),
        ("v1.2", "Home.md", "c/v1.2.md"),
        ("Home", "d/x.md", "Home.md"),
        ("/Home", "d/x.md", "Home.md"),
        ("./Home", "d/x.md", "d/Home.md"),
        ("../Home", "d/x.md", "Home.md"),
        ("Note", "Home.md", "a/Note.md"),
        ("Note", "b/x.md", "b/Note.md"),
        ("Note", "a/deep/x.md", "a/deep/er/Note.md"),
        ("er/Note", "Home.md", "a/deep/er/Note.md"),
        ("b/Note", "a/x.md", "b/Note.md"),
        ("r/Note", "Home.md", None),
        ("x/Note", "Home.md", None),
        ("U\u0308BER  uns", "Home.md", "c/Über uns.md"),
        ("über\u00a0uns", "Home.md", "c/Über uns.md"),
        ("🗂 Index", "Home.md", "c/🗂️ Index.md"),
        ("b\\Only", "Home.md", "b/Only.md"),
        ("100% done", "Home.md", "d/100% done.md"),
        ("b/%4Fnly", "Home.md", "b/Only.md"),
        ("the boss", "Home.md", "b/Only.md"),
        ("Twice", "a/x.md", "a/Note.md"),
        ("nowhere", "Home.md", None),
        ("../../../etc/passwd", "Home.md", None),
        ("", "a/Note.md", "a/Note.md"),
    ],
)
def test_wikilinks(target: str, source: str, path: str | None) -> None:
    assert resolve(wiki(target), source, VAULT) == path


@pytest.mark.parametrize(
    ("target", "source", "path"),
    [
        ("Home.md", "d/x.md", "d/Home.md"),
        ("Home.md", "a/x.md", "Home.md"),
        ("../b/Note.md", "a/x.md", "b/Note.md"),
        ("deep/er/Note.md", "a/x.md", "a/deep/er/Note.md"),
        ("../docs/b/Only.md", "a/x.md", None),
        ("../../b/Only.md", "a/x.md", "b/Only.md"),
        ("/b/Only.md", "a/x.md", "b/Only.md"),
        ("Only", "a/x.md", "b/Only.md"),
    ],
)
def test_markdown_links_start_from_their_own_folder(target: str, source: str, path: str | None) -> None:
    assert resolve(markdown(target), source, VAULT) == path


def test_a_name_as_written_goes_before_another_case() -> None:
    names = Names("a/note.md", "a/Note.md")
    assert resolve(wiki("Note"), "x.md", names) == "a/Note.md"
    assert resolve(wiki("note"), "x.md", names) == "a/note.md"


def test_a_file_goes_before_an_alias() -> None:
    names = Names("a.md", "b.md", aliases={"a": "b.md"})
    assert resolve(wiki("A"), "x.md", names) == "a.md"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("a/Note.md", ("note.md", "note")),
        ("Pic.PNG", ("pic.png",)),
        ("x/U\u0308.markdown", ("ü.markdown", "ü")),
        (".md", (".md",)),
    ],
)
def test_name_keys(path: str, keys: tuple[str, ...]) -> None:
    assert name_keys(path) == keys


@pytest.mark.parametrize(
    ("target", "key"), [("a/Note", "note"), ("Note.md", "note.md"), ("b/%4Fnly", "only"), ("", ""), ("a/", "a")]
)
def test_link_keys(target: str, key: str) -> None:
    assert link_key(wiki(target)) == key


@given(st.text(max_size=20), st.sampled_from([".md", ".txt", ".png"]))
def test_whatever_resolves_is_found_by_its_key(name: str, suffix: str) -> None:
    path = f"folder/{name}{suffix}"
    for target in (path, f"{name}{suffix}", name):
        if resolve(wiki(target), "x.md", Names(path)) == path:
            assert link_key(wiki(target)) in name_keys(path)


@given(st.text(st.characters(exclude_characters="/\\%", exclude_categories=["C", "Z"]), min_size=1, max_size=20))
def test_a_note_is_found_by_its_name_in_any_form(name: str) -> None:
    names = Names(f"folder/{name}.md")
    for form in ("NFC", "NFD"):
        if name not in (".", ".."):
            assert resolve(wiki(unicodedata.normalize(form, name)), "x.md", names) == f"folder/{name}.md"


HEADINGS = (
    Heading(1, "Rent: the facts!", 3),
    Heading(2, "Dates", 5),
    Heading(1, "Deposit", 9),
    Heading(2, "Dates", 12),
    Heading(2, "What's next, Ana?", 15),
    Heading(2, "Größe", 18),
)
ANCHORS = (("abc-1", 7), ("Def", 10))


@pytest.mark.parametrize(
    ("anchor", "line"),
    [
        ("Rent: the facts!", 3),
        ("rent the facts", 3),
        ("Dates", 5),
        ("Deposit#Dates", 12),
        ("Rent the facts#Dates", 5),
        ("Deposit#Nothing", None),
        ("dates-1", 12),
        ("whats-next-ana", 15),
        ("GRO\u0308SSE", 18),
        ("^abc-1", 7),
        ("^def", 10),
        ("^nothing", None),
        ("nothing", None),
        ("", None),
        ("#", None),
    ],
)
def test_anchors(anchor: str, line: int | None) -> None:
    assert anchor_line(anchor, HEADINGS, ANCHORS) == line
