"""Frontmatter is read as text, safely, and only where it is frontmatter."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.parsing.frontmatter import Frontmatter, read_frontmatter


def fields(yaml: str) -> tuple[tuple[str, str], ...]:
    return read_frontmatter(f"---\n{yaml}\n---\nbody").properties


@pytest.mark.parametrize(
    ("yaml", "properties"),
    [
        ("title: A note", (("title", "A note"),)),
        ("Status: Open", (("status", "Open"),)),
        ("date: 2024-03-05", (("date", "2024-03-05"),)),
        ("at: 2024-03-05 10:00:00", (("at", "2024-03-05 10:00:00"),)),
        ("n: 007\nyes: no\npi: 3.140", (("n", "007"), ("yes", "no"), ("pi", "3.140"))),
        ("a:\nb: ~\nc: null\nd: ''\ne: 'null'", (("e", "null"),)),
        ("tags: [a, b]", (("tags", "a"), ("tags", "b"))),
        ("tags:\n- a\n- b", (("tags", "a"), ("tags", "b"))),
        ("author:\n  name: Ana\n  born: {year: 1990}", (("author.name", "Ana"), ("author.born.year", "1990"))),
        ("people:\n- name: Ana\n- name: Ben", (("people.name", "Ana"), ("people.name", "Ben"))),
        ('link: "[[Other]]"', (("link", "[[Other]]"),)),
        ("text: |\n  one\n  two", (("text", "one\ntwo"),)),
        ("x: &a Ana\ny: *a", (("x", "Ana"), ("y", "Ana"))),
        ("title: {{title}}\nb: c", (("b", "c"),)),
        ("Größe: ja", (("größe", "ja"),)),
    ],
)
def test_fields_are_text_as_written(yaml: str, properties: tuple[tuple[str, str], ...]) -> None:
    assert fields(yaml) == properties


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("close", ["---", "...", "---  "])
def test_the_body_begins_after_the_closing_line(end: str, close: str) -> None:
    text = end.join(["--- ", "a: b", close, "body", ""])
    front = read_frontmatter(text)
    assert text[front.end :] == f"body{end}"
    assert front.properties == (("a", "b"),)


@pytest.mark.parametrize("text", ["---\n---\nbody", "---\n\n---\nbody"])
def test_an_empty_block_is_frontmatter(text: str) -> None:
    assert text[read_frontmatter(text).end :] == "body"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---",
        "text\n---\na: b\n---\n",
        "\n---\na: b\n---\n",
        "----\na: b\n---\n",
        "---\nA thought between two rules.\n\n---\nMore.",
        "---\n- a list\n---\n",
        "---\njust prose without an end",
    ],
)
def test_a_rule_at_the_top_is_no_frontmatter(text: str) -> None:
    assert read_frontmatter(text) == Frontmatter(0)


def test_an_unclosed_block_is_body_and_is_told() -> None:
    front = read_frontmatter("---\ntitle: A\n\nThe body.\n")
    assert front == Frontmatter(0, warnings=("frontmatter has no closing ---",))


@pytest.mark.parametrize(
    ("yaml", "line", "properties"),
    [
        ("title: Foo: bar\ntags: [a, b]", 2, (("title", "Foo: bar"), ("tags", "a"), ("tags", "b"))),
        ("a: b\n\tc: d", 3, (("a", "b"),)),
        ("a: b\ntags:\n- @x\n- '#y'", 4, (("a", "b"), ("tags", "@x"), ("tags", "#y"))),
        ('a: "b', 2, (("a", "b"),)),
    ],
)
def test_what_is_not_quite_yaml_is_read_by_line(yaml: str, line: int, properties: tuple[tuple[str, str], ...]) -> None:
    front = read_frontmatter(f"---\n{yaml}\n---\nbody")
    assert front.properties == properties
    assert len(front.warnings) == 1
    assert front.warnings[0].startswith("frontmatter is not valid YAML")
    assert front.end == len(yaml) + 9


def test_a_field_given_twice_is_told() -> None:
    front = read_frontmatter("---\na: 1\nb: 2\na: 3\n---\n")
    assert front.properties == (("a", "1"), ("b", "2"), ("a", "3"))
    assert front.warnings == ('frontmatter has the field "a" twice',)


def test_python_objects_are_text_and_run_nothing(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    front = read_frontmatter(f'---\na: !!python/object/apply:os.mkdir ["{proof}"]\nb: !mine c\n---\n')
    assert front.properties == (("a", str(proof)), ("b", "c"))
    assert len(front.warnings) == 2
    assert not proof.exists()


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("tags: [a, B/c]", ["a", "B/c"]),
        ("tags: a, b c", ["a", "b", "c"]),
        ("tag: a", ["a"]),
        ("tags: 2023", ["2023"]),
        ("tags:", []),
    ],
)
def test_tags_are_a_list_or_one_text(written: str, tags: list[str]) -> None:
    assert list(read_frontmatter(f"---\n{written}\n---\n").tags()) == tags


@pytest.mark.parametrize(
    ("written", "aliases"),
    [
        ("aliases: [Ana, 'Smith, Ana']", ("Ana", "Smith, Ana")),
        ("alias: My Note, Other note", ("My Note", "Other note")),
        ("aliases:\n-\n", ()),
    ],
)
def test_aliases_may_hold_spaces(written: str, aliases: tuple[str, ...]) -> None:
    assert read_frontmatter(f"---\n{written}\n---\n").aliases() == aliases


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    "yaml",
    [
        BOMB,
        "key: value\n" * 450_000,
        "a: " + "[" * 60_000,
        "a: " + "{a: " * 15_000,
        "a:\n  " + "- " * 30_000,
        "? " * 30_000,
        "# a  \n" * 10_000,
        'a: "' + "\\n" * 30_000,
        "a: &a x\nb: [" + "*a," * 20_000,
        "".join(f"k{i}: v\n" for i in range(5_000)),
    ],
    ids=["aliases", "5 MB", "lists", "maps", "items", "keys", "comments", "escapes", "repeats", "fields"],
)
def test_hostile_yaml_costs_little_and_leaves_the_body(yaml: str) -> None:
    text = f"---\n{yaml}\n---\nbody"
    began = time.process_time()
    front = read_frontmatter(text)
    assert time.process_time() - began < 1.0
    assert text[front.end :].endswith("body")
    assert len(front.properties) < 30_000


@given(st.text(st.sampled_from(list("ab:-#[]{}&*!|>'\"%@`,? \t\n\r.~\\é\x85\ufffe")), max_size=80))
def test_any_block_is_read_without_an_error(yaml: str) -> None:
    front = read_frontmatter(f"---\n{yaml}\n---\nbody")
    assert all(key and value for key, value in front.properties)
