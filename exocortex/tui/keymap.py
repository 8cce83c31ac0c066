"""Keymap: keys of the user's own, in `keys.toml` of the home: the name of what they do, and the key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

FILE = "keys.toml"


def has_keymap(home: Path) -> bool:
    """Whether there is one to read."""
    return (home / FILE).exists()


def read_keymap(home: Path, known: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Binding id: key, as Textual spells them (`ctrl+s`, `f5`, `g,G`), and what is wrong with the rest of the file."""
    try:
        raw = (home / FILE).read_bytes()
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{FILE} can't be read: {error.strerror}."]
    try:
        table = _flat(tomllib.loads(raw.decode("utf-8")))
    except ValueError as error:
        return {}, [f"{FILE} can't be read: {error}."]
    names = set(known)
    good = {name: key for name, key in table.items() if name in names and isinstance(key, str) and key.strip()}
    return good, [
        f"{FILE}: {name} is nothing that a key does here, or its key is no text." for name in table if name not in good
    ]


def _flat(table: Mapping[str, object], before: str = "") -> dict[str, object]:
    """`[search]` with `edit = …` is `search.edit`."""
    found: dict[str, object] = {}
    for name, value in table.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def ids_of(*owners: type) -> list[str]:
    """Of the bindings these classes declare."""
    return [one.id for owner in owners for one in getattr(owner, "BINDINGS", ()) if isinstance(one, Binding) and one.id]


def keys_of(node: DOMNode, own: Mapping[str, str]) -> Iterator[Binding]:
    """What keys do on a screen or in the app, whatever has the focus, each with its keys; `own` are the user's."""
    for cls in type(node).__mro__:
        for one in cls.__dict__.get("BINDINGS", ()):
            if isinstance(one, Binding) and one.id and one.description:
                name, _, _ = one.action.partition("(")
                if node.check_action(name, ()):
                    yield replace(one, key=own.get(one.id, one.key), key_display=None)


def keys_told(app: App[int], binding: Binding) -> str:
    """All keys of a binding, as they are shown."""
    return " ".join(app.get_key_display(replace(binding, key=key.strip())) for key in binding.key.split(","))
