"""A link is followed to a note; an address of the web is only shown; and nothing else leads anywhere (T28)."""

from __future__ import annotations

from datetime import date

import pytest

from exocortex.config import Config, Folder
from exocortex.core.notes import Link, LinkKind, NoteRef
from exocortex.core.query import parse_query
from exocortex.core.results import NoteLinks, ResolvedLink
from exocortex.tui import markdown, scopes
from exocortex.tui.desk import Desk
from exocortex.tui.leads import Nowhere, ToNote, ToWeb, lead, resolved, unique

HERE = NoteRef("1", "notes", "Home/Boiler.md", "Boiler", None)
LEASE = NoteRef("2", "notes", "Home/Lease.md", "Lease", None)


@pytest.mark.parametrize(
    ("written", "leads"),
    [
        ("[[Lease]]", ToNote("Lease", None)),
        ("[[Home/Lease#Deposit|the deposit]]", ToNote("Home/Lease", "Deposit")),
        ("![[plan.png]]", ToNote("plan.png", None)),
        ("[[#Pressure]]", ToNote("", "Pressure")),
        ("[x](../Lease%20now.md#Two%20months)", ToNote("../Lease now.md", "Two months")),
        ("[x](<a b.md>)", ToNote("a b.md", None)),
        ("https://example.org/a?b=c", ToWeb("https://example.org/a?b=c")),
        ("[x](HTTP://example.org)", ToWeb("HTTP://example.org")),
        ("[x](http://good.org@evil.example/)", ToWeb("http://good.org@evil.example/")),
    ],
)
def test_notes_and_the_web(written: str, leads: ToNote | ToWeb) -> None:
    ((_, href),) = markdown.links(written)
    assert lead(href) == leads


@pytest.mark.parametrize(
    "written",
    [
        *("[x](smb://host/x)", "[x](vscode://file/x)", "[x](mailto:a@b.org)", "[x](x-man-page:ls)", "[x](C:/x.exe)"),
        *(r"[x](\\\\host\\x)", "[x](//host/x)", "[x](%5C%5Chost%5Cx)", "<ssh://host>"),
    ],
)
def test_other_kinds_are_refused_and_told(written: str) -> None:
    ((_, href),) = markdown.links(written)
    assert isinstance(lead(href), Nowhere)


@pytest.mark.parametrize("written", ["[x](javascript:alert(1))", "[x](file:///etc/passwd)", "[x](data:text/html,x)"])
def test_what_could_run_or_read_anything_is_no_link_at_all(written: str) -> None:
    assert markdown.links(written) == []
    assert isinstance(lead(written[4:-1]), Nowhere)


def test_a_machine_is_named_whatever_stands_before_it() -> None:
    assert ToWeb("http://good.org@evil.example:80/good.org").host == "evil.example"
    assert ToWeb("http://[broken").host == ""


def test_a_link_leads_where_the_index_says() -> None:
    to_lease = ResolvedLink(HERE, Link(LinkKind.WIKI, "Lease", "Deposit", None, 3), LEASE.path, LEASE, 7)
    nowhere = ResolvedLink(HERE, Link(LinkKind.WIKI, "Nowhere", None, None, 4), None, None, None)
    links = NoteLinks(HERE, (to_lease,), (), (nowhere,))
    assert resolved(ToNote("Lease", "Deposit"), links) == to_lease
    assert resolved(ToNote("Nowhere", None), links) == Nowhere("Nothing in this folder of notes is called so: Nowhere")
    for outside in ("../../x.md", "/etc/passwd"):
        found = resolved(ToNote(outside, None), links)
        assert found == Nowhere(f"This link leads out of your notes: {outside}")


def test_each_address_is_offered_once() -> None:
    assert unique([("a", "1"), ("b", "2"), ("c", "1")]) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("path", ["Home/Lease.md", 'say "hi" to  two spaces.md', "a:b -c tag:d.md", "“q”\tx.md"])
def test_a_question_can_be_limited_to_any_note(path: str, desk_of_two: Desk) -> None:
    query = parse_query(scopes.of_note(desk_of_two, NoteRef("1", "my notes", path, "x", None)), today=date(2026, 3, 6))
    assert query.empty
    assert not query.excluded
    assert not query.dates
    folder, *pieces = query.filters
    assert (folder.key, folder.value) == ("folder", "my notes")
    assert pieces
    assert all(piece.key == "path" and piece.value in path for piece in pieces)


@pytest.fixture
def desk_of_two(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """With two folders of notes, and nobody to ask."""
    root = tmp_path_factory.mktemp("two")
    folders = (Folder("my notes", root / "a"), Folder("other", root / "b"))
    config = Config(root / "home", folders)
    return Desk.of(config, {}, lambda: config)
