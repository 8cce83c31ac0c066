"""How editors are found, and how each is told the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from exocortex.core.errors import UsageError
from exocortex.editors import find_editor, place_arguments


@pytest.mark.parametrize(
    ("editor", "arguments"),
    [
        ("vi", ["+7", "/n.md"]),
        ("/usr/bin/nvim", ["+7", "/n.md"]),
        ("nano", ["+7", "/n.md"]),
        ("emacs", ["+7", "/n.md"]),
        ("micro", ["+7", "/n.md"]),
        ("code", ["--goto", "/n.md:7"]),
        ("hx", ["/n.md:7"]),
        ("subl", ["/n.md:7"]),
        ("zed", ["/n.md:7"]),
        ("gedit", ["/n.md"]),
    ],
)
def test_each_editor_is_told_the_line_its_own_way(editor: str, arguments: list[str]) -> None:
    assert place_arguments(editor, "/n.md", 7) == arguments
    assert place_arguments(editor, "/n.md", None) == ["/n.md"]


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH with two editors on it."""
    for name in ("nano", "code"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return str(tmp_path)


def test_visual_goes_before_editor_and_keeps_its_arguments(programs: str) -> None:
    environ = {"VISUAL": "code --wait '--profile=my notes'", "EDITOR": "nano", "PATH": programs}
    assert find_editor(environ) == ["code", "--wait", "--profile=my notes"]
    assert find_editor(environ | {"VISUAL": " "}) == ["nano"]


@pytest.mark.parametrize(
    ("editor", "message"),
    [("", "No editor is set"), ("absent -x", "was not found"), ("'nano", "can't be read"), ("nano; rm x", "not found")],
)
def test_without_an_editor_it_says_what_to_set(programs: str, editor: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        find_editor({"EDITOR": editor, "PATH": programs})
    assert "export EDITOR" in caught.value.hint


def test_the_way_out_names_an_editor_that_is_here_in_the_variable_that_comes_first(tmp_path: Path) -> None:
    (tmp_path / "vi").write_text("#!/bin/sh\n")
    (tmp_path / "vi").chmod(0o755)
    environ = {"VISUAL": "nano", "EDITOR": "vi", "PATH": str(tmp_path)}
    with pytest.raises(UsageError) as caught:
        find_editor(environ)
    assert caught.value.hint == "Set one that is here, as in: export VISUAL=vi"
    (tmp_path / "vi").unlink()
    with pytest.raises(UsageError, match="was not found") as caught:
        find_editor(environ)
    assert "install one" in caught.value.hint
