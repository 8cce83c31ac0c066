"""The list of commands: complete, explained, and free to look at."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from exocortex.cli.commands import exo

CONTEXT = click.Context(exo, info_name="exo")
NAMES = exo.list_commands(CONTEXT)
HEAVY = (
    "rich",
    "chromadb",
    "numpy",
    "onnxruntime",
    "tokenizers",
    "yaml",
    "markdown_it",
    "textual",
    "pathspec",
    "sqlite3",
)
LOADED = "import sys; from exocortex.cli.process import run; run({}, {{}}); print(*sys.modules, file=sys.stderr)"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["search", "--help"], ["nonsense"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = LOADED.format(arguments)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ended.stderr.split()}
    assert "exocortex" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", NAMES)
def test_each_help_has_an_example(name: str) -> None:
    command = exo.get_command(CONTEXT, name)
    assert command is not None
    assert command.name == name
    with click.Context(command, info_name=name, parent=CONTEXT) as ctx:
        assert f"exo {name}" in command.get_help(ctx).split("Options:")[0].partition("\n")[2]


def test_help_names_every_command_and_fits_a_terminal() -> None:
    text = exo.get_help(CONTEXT)
    assert all(f"\n  {name}" in text for name in NAMES)
    assert max(map(len, text.splitlines())) <= 80


def test_a_slip_is_told_what_was_meant() -> None:
    with pytest.raises(click.UsageError, match="Did you mean search"):
        exo.resolve_command(CONTEXT, ["serch"])


@pytest.mark.parametrize("typed", [["when does it end?"], ["when", "does", "it", "end?"]])
def test_a_sentence_is_taken_for_a_question(typed: list[str]) -> None:
    with pytest.raises(click.UsageError, match=r'exo ask "when does it end\?"'):
        exo.resolve_command(CONTEXT, typed)
