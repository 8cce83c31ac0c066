"""Notes that were never written by people: huge, endless, nested, wrongly encoded; frontmatter with intent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MARKS = '*_[(<`#>|!\\-"^]'
NEAR_THE_LIMIT = 4_900_000
MEGABYTE = 1_000_000
MUCH = 150_000

Writer = Callable[[Path], object]


def _bytes(data: bytes) -> Writer:
    return lambda path: path.write_bytes(data)


def _repeated(pattern: str, size: int) -> Writer:
    """`pattern` over and over, at least `size` bytes of it."""
    data = pattern.encode()
    return lambda path: path.write_bytes(data * (size // len(data) + 1))


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 200_000_000)


SHAPES: dict[str, Writer] = {
    "a file of 200 MB": _sparse,
    "a line of 10 MB": _repeated("a", 10_000_000),
    "50 k nested quotes": _bytes(b">" * 50_000 + b" heron\n"),
    "50 k spaced quotes": _bytes(b"> " * 50_000 + b"heron\n"),
    "50 k nested lists": _bytes(b"- " * 50_000 + b"heron\n"),
    "50 k numbered lists": _bytes(b"1. " * 50_000 + b"heron\n"),
    "lists in lists by indent": _bytes(b"".join(b" " * (2 * n) + b"- heron\n" for n in range(1500))),
    "quotes deeper by line": _bytes(b"".join(b">" * n + b" heron\n" for n in range(1500))),
    "1 M links": _repeated("[a](b)", NEAR_THE_LIMIT),
    "much of wikilinks": _repeated("[[a]]", MUCH),
    "much of images": _repeated("![", MUCH),
    "much of tags": _bytes(b" ".join(b"#t%d" % n for n in range(40_000))),
    "much of headings": _repeated("# a\n", MUCH),
    "much of deeper headings": _repeated("# a\n## b\n### c\n#### d\n", MUCH),
    "much of items": _repeated("- a\n", MUCH),
    "much of tasks": _repeated("- [ ] a\n", MUCH),
    "much of fences": _repeated("```\na\n", MUCH),
    "much of block ids": _repeated("^a\n", MUCH),
    "much of paragraphs with ids": _repeated("a ^b\n\n", MUCH),
    "much of footnotes": _repeated("[^1]: a\n", MUCH),
    "much of definitions": _repeated("[a]: b\n", MUCH),
    "much of rules": _repeated("---\n\n", MUCH),
    "much of underlines": _repeated("a\n=\n", MUCH),
    "much of table cells": _bytes(b"|a" * 40_000 + b"|\n" + b"|-" * 40_000 + b"|\n" + (b"|b" * 40_000 + b"|\n") * 2),
    "much of table rows": _bytes(b"|a|b|\n|-|-|\n" + b"|c|d|\n" * 48_000),
    "much of empty lines": _repeated("\n", MUCH),
    "much of carriage returns": _repeated("\r", MUCH),
    "much of spaces": _repeated(" ", MUCH),
    "much of tabs": _repeated("\t", MUCH),
    "a line near the limit": _repeated("a", NEAR_THE_LIMIT),
    "words near the limit": _repeated("word ", NEAR_THE_LIMIT),
    "short lines near the limit": _repeated("a\n", NEAR_THE_LIMIT),
    "different words": _bytes(b" ".join(b"%x" % (n * 2654435761 % 2**32) for n in range(60_000))),
    "sentences without end": _repeated("The heron stands still. ", MUCH),
    "Chinese without end": _repeated("苍鹭站在水里", MUCH),
    "emoji without end": _repeated("🪶", MUCH),
    "combining marks without end": _repeated("\u0301", MUCH),
    "base64 without end": _repeated("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA", MUCH),
    "open brackets and addresses": _repeated("[a](", MUCH),
    "open angle addresses": _repeated("[a](<", MUCH),
    "open titles": _repeated('[a](b "', MUCH),
    "nested brackets": _bytes(b"[" * 150_000 + b"]" * 150_000),
    "nested parentheses": _bytes(b"[a](" + b"(" * 150_000 + b")" * 150_000),
    "open comments": _repeated("<!--", MUCH),
    "open tags": _repeated("<a ", MUCH),
    "backtick staircase": _bytes(b" ".join(b"`" * n for n in range(1, 800))),
    "backslashes and brackets": _repeated("\\[", MUCH),
    "open wikilinks": _repeated("[[a|", MUCH),
    "table bars and dashes": _repeated("|-", MUCH),
    "quotes and lists in turn": _repeated("> - ", 200_000),
}

CHARACTERS: dict[str, Writer] = {
    **{f"1 MB of {mark}": _repeated(mark, MEGABYTE) for mark in MARKS},
    **{f"100 KB of {mark} a line": _repeated(f"{mark}\n", 100_000) for mark in MARKS},
}

ENCODINGS: dict[str, Writer] = {
    "invalid UTF-8": _bytes(b"# heron\n\ncaf\xc3\xa9 \xff\xfe\xc3 heron " * 1000),
    "Latin-1": _bytes("Die Möwe frißt den Hering am Hafen, heron\n".encode("latin-1") * 1000),
    "UTF-16 with its mark": _bytes("# heron\n\nA heron stands.\n".encode("utf-16")),
    "UTF-16 without its mark": _bytes("# heron\n\nA heron stands.\n".encode("utf-16-le")),
    "UTF-8 with its mark": _bytes(b"\xef\xbb\xbf# heron\n"),
    "NUL in the text": _bytes(b"# heron\n\nA heron \0 stands.\n"),
    "NULs only": _bytes(b"\0" * MEGABYTE),
    "lone surrogates in UTF-8": _bytes(b"# heron\n\nA heron \xed\xa0\x80 stands \xed\xbf\xbf still.\n"),
    "lone surrogates in UTF-16": _bytes(b"\xff\xfe" + "heron ".encode("utf-16-le") * 50 + b"\x00\xd8\n\x00"),
    "noise": _bytes(bytes(n * 2654435761 % 2**32 >> 24 for n in range(MEGABYTE))),
    "an empty file": _bytes(b""),
    "a mark alone": _bytes(b"\xef\xbb\xbf"),
    "half a UTF-16 mark": _bytes(b"\xff"),
    "every control character": _bytes(b"# heron\n\n" + bytes(range(1, 32)) + b"\x7f\xc2\x9b\xe2\x80\xa8 heron\n"),
}


def _headed(fields: str) -> Writer:
    return _bytes(f"---\n{fields}\n---\n\nA heron stands.\n".encode())


def _aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{inner}]")
    return "\n".join(lines)


FRONTMATTER: dict[str, Writer] = {
    "an alias bomb": _headed(_aliases(12)),
    "an alias to itself": _headed("a: &a [*a]"),
    "merge keys": _headed("a: &a {k: v}\nb: {<<: *a}\n<<: *a"),
    "a Python object": _headed("x: !!python/object/apply:os.system ['touch pwned']\ny: !!python/name:os.system"),
    "a tag of its own": _headed("x: !evil {a: b}\n? [a, b]\n: c"),
    "5 MB of fields": _headed("\n".join(f"key{n}: value {n}" for n in range(215_000))),
    "5 MB in one field": _headed("key: " + "v" * 4_900_000),
    "1 MB of brackets": _headed("key: " + "[" * MEGABYTE),
    "64 KB of brackets": _headed("key: " + "[" * 60_000),
    "64 KB of braces": _headed("key: " + "{a: " * 15_000),
    "64 KB of dashes": _headed("key:\n" + "- " * 30_000 + "x"),
    "64 KB of anchors": _headed("key: [" + ", ".join(f"&a{n} x, *a{n}" for n in range(3_000)) + "]"),
    "64 KB of aliases of 40 KB": _headed("a: &a " + "x" * 40_000 + "\nb: [" + ", ".join(["*a"] * 5_000) + "]"),
    "64 KB of quotes": _headed('key: "' + '\\"' * 30_000),
    "64 KB of explicit keys": _headed("? " * 30_000),
    "tabs": _headed("a:\n\t- b\n\tc: d"),
    "duplicate keys": _headed("a: 1\na: 2\ntitle: x\ntitle: y"),
    "unclosed": _bytes(b"---\ntitle: x\n\nA heron stands.\n"),
    "unclosed, 1 MB": _bytes(b"---\ntitle: x\n" + b"a: b\n" * 200_000 + b"\nA heron stands.\n"),
    "only dashes": _bytes(b"---\n" * 100_000 + b"A heron stands.\n"),
    "several documents": _headed("a: b\n--- \nc: d\n..."),
    "a directive": _headed("%YAML 9.9\n%TAG ! evil:\na: b"),
    "numbers without end": _headed("a: 0x" + "f" * 50_000 + "\nb: 1e999999999\nc: 190:20:30:1" + ":1" * 20_000),
    "dates that are none": _headed("date: 9999999999-99-99\ncreated: 2024-02-31\ndate2: 0000-00-00"),
    "control characters": _headed("a: \x01\x1b[2J\x07"),
    "binary": _headed("a: !!binary " + "AAAA" * 10_000),
}

CASES: dict[str, Writer] = {**SHAPES, **CHARACTERS, **ENCODINGS, **FRONTMATTER}

INDEXED_WHOLE = (
    "1 M links",
    "a line near the limit",
    "words near the limit",
    "short lines near the limit",
    "64 KB of aliases of 40 KB",
)
"""Those that are taken through parsing, cutting and writing in one go."""
