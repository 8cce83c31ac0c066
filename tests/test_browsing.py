"""A note is found by what people call it; links lead both ways; lists count right."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from vaults import Opener, Vault, enter, index

from exocortex.browsing import Browser
from exocortex.config import Folder
from exocortex.core.errors import UsageError, VaultError
from exocortex.core.results import ResolvedLink
from exocortex.cortex import Cortex
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger

NOTES = {
    "Home/Lease.md": "---\naliases: [Rental agreement]\ntags: [home/flat]\n---\n# The lease\n\n## Deposit\n\n"
    "Money. ^sum\n\n- [ ] ask #home\n- [x] sign\n",
    "Home/Boiler.md": "# Boiler\n\n[[Lease#Deposit]] and [[lease#^sum|the sum]], "
    "[[Rental Agreement]], ![[plan.png]].\n\n"
    "[[Nowhere]] [gone](gone.md) [[#Boiler]] [web](https://example.org)\n\n- [ ] bleed #home/heating\n",
    "Archive/Lease.md": "# Old lease\n\n[up](../Home/Lease.md) [[Lease]] [[Café]]\n\n- [ ] shred\n",
    unicodedata.normalize("NFD", "Café.md"): "# Crème\n\n" + unicodedata.normalize("NFD", "[[Café]] #été"),
    "Home/plan.png": "",
    "a:b.md": "# With a colon\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browsing").resolve()


@pytest.fixture(scope="module")
def cortex(place: Path) -> Iterator[Cortex]:
    """Two folders of notes, indexed; tests here only look."""
    vault, second = Vault(place / "notes"), Second(place / "second")
    vault.fill(NOTES)
    second.fill({"Lease.md": "# Another\n", "Boiler.md": "# Kettle\n\n[[Lease]]\n", "unique.md": "# Only here\n"})
    for age, file in enumerate(sorted((place / "notes").rglob("*.md"))):
        os.utime(file, (1.7e9 - age, 1.7e9 - age))
    folders = (Folder("notes", vault.root), Folder("second", second.root))
    with Opener(place / "home", folders, date(2024, 5, 15))() as opened:
        index(opened)
        yield opened


class Second(Vault):
    """Another folder of notes, its files older than any."""

    def fill(self, notes: dict[str, str]) -> None:
        """As its parent, and then aged."""
        super().fill(notes)
        for path in notes:
            os.utime(self.root / path, (1e9, 1e9))


def found(cortex: Cortex, name: str) -> str:
    note = cortex.notes.show(name).note
    return f"{note.folder}:{note.path}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Home/Lease.md", "notes:Home/Lease.md"),
        ("home/lease", "notes:Home/Lease.md"),
        ("notes:Home/Lease.md", "notes:Home/Lease.md"),
        ("second:Lease.md", "second:Lease.md"),
        ("Lease.md", "second:Lease.md"),
        ("The lease", "notes:Home/Lease.md"),
        ("OLD LEASE", "notes:Archive/Lease.md"),
        ("unique", "second:unique.md"),
        (" only here ", "second:unique.md"),
        ("Café.md", "notes:Café.md"),
        (unicodedata.normalize("NFD", "Café.md"), "notes:Café.md"),
        (unicodedata.normalize("NFD", "notes:Café.md"), "notes:Café.md"),
        ("crème", "notes:Café.md"),
        ("a:b", "notes:a:b.md"),
        ("a:b.md", "notes:a:b.md"),
    ],
)
def test_every_form_of_a_name(cortex: Cortex, name: str, expected: str) -> None:
    assert found(cortex, name) == expected


def test_an_absolute_path_and_one_through_a_link(cortex: Cortex, place: Path) -> None:
    assert found(cortex, str(place / "notes/Home/Lease.md")) == "notes:Home/Lease.md"
    assert found(cortex, str(place / "notes/Home/../Archive/Lease.md")) == "notes:Archive/Lease.md"
    assert found(cortex, unicodedata.normalize("NFC", str(place / "notes/Café.md"))) == "notes:Café.md"
    assert found(cortex, unicodedata.normalize("NFD", str(place / "notes/Café.md"))) == "notes:Café.md"
    (place / "shortcut").symlink_to(place / "second")
    assert found(cortex, str(place / "shortcut/Lease.md")) == "second:Lease.md"
    for outside in (place / "elsewhere/Lease.md", place / "notes", Path("/")):
        with pytest.raises(UsageError):
            cortex.notes.show(str(outside))


def test_several_matches_are_listed_and_none_is_guessed(cortex: Cortex) -> None:
    with pytest.raises(UsageError) as caught:
        cortex.notes.show("lease")
    assert caught.value.message.split("\n") == [
        "“lease” could be any of 3 notes:",
        "  notes:Archive/Lease.md",
        "  notes:Home/Lease.md",
        "  second:Lease.md",
    ]
    assert caught.value.hint == "Name it by its path."


def test_an_unknown_name_offers_its_neighbours(cortex: Cortex) -> None:
    with pytest.raises(UsageError, match=r"no note called “Boilr\.md”") as caught:
        cortex.notes.show("Boilr.md")
    assert "Home/Boiler.md" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        cortex.notes.show("zzzz qqqq")
    assert "exo search" in caught.value.hint
    for name in ("", "second:Home/Lease.md", "notes:", "plan.png"):
        with pytest.raises(UsageError):
            cortex.notes.show(name)


def test_a_long_list_of_matches_is_cut(open_vault: Opener, vault: Vault) -> None:
    vault.fill({f"{number:02}/same.md": "x\n" for number in range(14)})
    with open_vault() as opened, pytest.raises(UsageError, match="any of 14 notes") as caught:
        opened.notes.show("same")
    assert caught.value.message.endswith("  notes:09/same.md\n  and 4 more")


def test_the_text_is_what_is_on_disk_now(open_vault: Opener, vault: Vault) -> None:
    vault.write("a.md", "\ufeffline one\r\nline two".encode("utf-8"))
    with open_vault() as opened:
        shown = opened.notes.show("a")
        assert (shown.text, shown.file) == ("line one\r\nline two", str(vault.root / "a.md"))
        vault.write("a.md", "another")
        assert opened.notes.show("a").text == "another"


def test_a_note_that_cannot_be_read_is_an_error_that_says_so(vault: Vault, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        browser = Browser(Catalog(ledger.connection), [Folder("notes", vault.root)], 1_000)
        enter(ledger, "a.md", "x" * 2_000)
        with pytest.raises(VaultError, match=r"a\.md is missing; the index still holds it") as missing:
            browser.text(browser.find("a"))
        assert "exo status" in missing.value.hint
        vault.write("a.md", "x" * 2_000)
        with pytest.raises(VaultError, match=r"a\.md cannot be read: larger than"):
            browser.text(browser.find("a"))


# -- links -----------------------------------------------------------------------------------------------------------


def ends(links: tuple[ResolvedLink, ...]) -> list[tuple[str, str | None, int | None]]:
    return [(one.link.target, one.path, one.line) for one in links]


def test_links_out_lead_to_files_and_lines(cortex: Cortex) -> None:
    links = cortex.notes.links("Home/Boiler.md")
    assert ends(links.out) == [
        ("Lease", "Home/Lease.md", 7),
        ("lease", "Home/Lease.md", 9),
        ("Rental Agreement", "Home/Lease.md", None),
        ("plan.png", "Home/plan.png", None),
        ("", "Home/Boiler.md", 1),
    ]
    assert [one.target.title if one.target else None for one in links.out] == [
        *("The lease", "The lease", "The lease", None, "Boiler")
    ]
    assert [one.link.target for one in links.unresolved] == ["Nowhere", "gone.md"]


def test_links_back_come_from_every_note_that_leads_here_and_no_other(cortex: Cortex) -> None:
    back = cortex.notes.links("Home/Lease.md").back
    assert [(one.source.path, one.link.target) for one in back] == [
        ("Archive/Lease.md", "../Home/Lease.md"),
        ("Home/Boiler.md", "Lease"),
        ("Home/Boiler.md", "lease"),
        ("Home/Boiler.md", "Rental Agreement"),
    ]
    assert [one.source.path for one in cortex.notes.links("Café").back] == ["Archive/Lease.md"]
    assert [one.source.path for one in cortex.notes.links("second:Lease.md").back] == ["Boiler.md"]
    assert cortex.notes.links("a:b").back == ()


def test_every_link_out_is_a_link_back_at_its_other_end(cortex: Cortex) -> None:
    for recent in cortex.notes.recent(99):
        name = f"{recent.note.folder}:{recent.note.path}"
        for one in cortex.notes.links(name).out:
            if one.target is not None and one.target.id != recent.note.id:
                back = cortex.notes.links(f"{one.target.folder}:{one.target.path}").back
                assert (recent.note.path, one.link) in [(other.source.path, other.link) for other in back]


def test_a_link_resolves_anew_when_files_come_and_go(open_vault: Opener, vault: Vault) -> None:
    vault.fill({"a.md": "[[b]] [[pic.png]]\n", "sub/c.md": "---\nalias: d\n---\n"})
    with open_vault() as opened:
        assert len(opened.notes.links("a").unresolved) == 2
        vault.fill({"sub/b.md": "x\n", "pic.png": ""})
        assert ends(opened.notes.links("a").out) == [("b", "sub/b.md", None), ("pic.png", "pic.png", None)]
        vault.write("b.md", "x\n")
        assert ends(opened.notes.links("a").out)[0] == ("b", "b.md", None)
        vault.move("b.md", "other.md")
        vault.remove("pic.png")
        assert ends(opened.notes.links("a").out) == [("b", "sub/b.md", None)]
        vault.write("a.md", "[[D]]\n")
        assert ends(opened.notes.links("a").out) == [("D", "sub/c.md", None)]


# -- lists -----------------------------------------------------------------------------------------------------------


def test_recent_notes_come_the_newest_first_up_to_a_limit(cortex: Cortex) -> None:
    notes = cortex.notes.recent(99)
    times = [one.modified for one in notes]
    assert times == sorted(times, reverse=True)
    assert len(notes) == 8
    assert {one.note.folder for one in notes[:5]} == {"notes"}
    assert cortex.notes.recent(2) == notes[:2]
    assert all(Path(one.file).is_file() for one in notes)


def test_a_note_is_outlined_by_its_headings(cortex: Cortex) -> None:
    outline = cortex.notes.outline("The lease")
    assert [(one.level, one.text, one.line) for one in outline] == [(1, "The lease", 5), (2, "Deposit", 7)]


def test_each_folder_of_notes_is_listed_by_itself(cortex: Cortex) -> None:
    contents = cortex.notes.contents("notes")
    assert [(one.path, one.notes) for one in contents.folders] == [("Archive", 1), ("Home", 2)]
    assert [note.path for note in contents.notes] == ["a:b.md", "Café.md"]
    assert [note.title for note in cortex.notes.contents("notes", "Archive").notes] == ["Old lease"]
    assert [note.path for note in cortex.notes.contents("second", limit=2).notes] == ["Boiler.md", "Lease.md"]
    with pytest.raises(UsageError, match="no folder of notes called “third”"):
        cortex.notes.contents("third")
    assert [(note.folder, note.path) for note in cortex.notes.named("boil")] == [
        *(("second", "Boiler.md"), ("notes", "Home/Boiler.md"))
    ]


def test_tags_count_notes_with_the_tags_nested_in_them(cortex: Cortex) -> None:
    assert [(one.tag, one.notes) for one in cortex.notes.tags()] == [
        *(("home", 2), ("home/flat", 1), ("home/heating", 1), ("été", 1))
    ]


def test_filters_are_told_with_what_notes_have_of_them(cortex: Cortex) -> None:
    found = {one.key: dict(one.values) for one in cortex.notes.filters()}
    assert [*found][:3] == ["tag", "folder", "path"]
    assert found["tag"] == {"home": 2, "home/flat": 1, "home/heating": 1, "été": 1}
    assert found["folder"] == {"notes": 5, "second": 3}
    assert found["path"] == {"Home/": 2, "Archive/": 1}


def test_tasks_are_open_or_done_and_keep_to_the_scope(cortex: Cortex) -> None:
    def listed(*, done: bool = False, scope: str = "") -> list[str]:
        return [one.task.text.split(" #")[0] for one in cortex.notes.tasks(done=done, scope=scope)]

    assert listed() == ["shred", "bleed", "ask"]
    assert listed(done=True) == ["sign"]
    assert listed(scope="tag:home") == ["bleed", "ask"]
    assert listed(scope="-tag:home") == ["shred"]
    assert listed(scope="path:archive") == ["shred"]
    assert listed(scope='"the sum"') == ["bleed"]
    assert listed(scope='-"the sum" tag:home') == ["ask"]
    assert listed(scope="folder:second") == []
    with pytest.raises(UsageError, match="a scope takes filters"):
        listed(scope="bleed")
    with pytest.raises(UsageError):
        listed(scope="after:smarch")
