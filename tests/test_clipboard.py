"""The clipboard of a real display, filled and read by real programs; and what is said where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exocortex.clipboard import put, take
from exocortex.core.errors import UsageError

TEXT = "two lines — 鷺\r\nand more"


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A display of its own, its number chosen by the server."""
    number = tmp_path_factory.mktemp("display") / "number"
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "64x64x8", "-nolisten", "tcp", "-noreset"]
    with number.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 10
        while not number.read_text().endswith("\n") and time.monotonic() < deadline:
            time.sleep(0.02)
        yield f":{number.read_text().strip()}"
        server.terminate()


@pytest.fixture(params=["xclip", "xsel"])
def environ(request: pytest.FixtureRequest, display: str, tmp_path: Path) -> dict[str, str]:
    """That display, and a PATH with one of the tools."""
    tool = shutil.which(request.param)
    assert tool, f"{request.param} is missing on this machine: sh tests/programs.sh names the package"
    (tmp_path / request.param).symlink_to(tool)
    return {"DISPLAY": display, "PATH": str(tmp_path)}


def _own(environ: dict[str, str], data: bytes, target: str = "UTF8_STRING") -> None:
    """Another program copies something."""
    command = ["xclip", "-selection", "clipboard", "-target", target]
    subprocess.run(
        command,
        input=data,
        env={**os.environ, "DISPLAY": environ["DISPLAY"]},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_what_was_put_is_taken(environ: dict[str, str]) -> None:
    assert put(TEXT, environ)
    assert take(environ) == TEXT


def test_what_another_program_copied_is_taken(environ: dict[str, str]) -> None:
    _own(environ, "\ufeffcopied".encode())
    assert take(environ) == "copied"


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"", "empty"), (b" \n", "nothing but white space"), (b"caf\xe9", "not text"), (b"\0b", "not text|empty")],
)
def test_what_is_no_text_is_told(environ: dict[str, str], data: bytes, says: str) -> None:
    _own(environ, data)
    with pytest.raises(UsageError, match=says) as raised:
        take(environ)
    assert raised.value.hint


def test_a_picture_is_told_from_an_empty_clipboard(environ: dict[str, str]) -> None:
    """xsel has no way to ask what there is."""
    _own(environ, b"\x89PNG\r\n\x1a\n", "image/png")
    says = "not text" if "xclip" in os.listdir(environ["PATH"]) else "empty"
    with pytest.raises(UsageError, match=says):
        take(environ)


def test_a_program_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    tool = tmp_path / "wl-paste"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    environ = {"WAYLAND_DISPLAY": "wayland-0", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    began = time.monotonic()
    with pytest.raises(UsageError, match="did not answer wl-paste"):
        take(environ, seconds=0.2)
    assert time.monotonic() - began < 5


def test_a_dead_display_is_no_clipboard(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="can't reach the desktop"):
        take(environ | {"DISPLAY": ":4711"})


@pytest.mark.parametrize(
    ("variables", "hint"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0"}, "apt install wl-clipboard"),
        ({"DISPLAY": ":0"}, "apt install xclip"),
        ({}, "There is no desktop here"),
    ],
)
def test_without_a_tool_it_says_what_to_install(tmp_path: Path, variables: dict[str, str], hint: str) -> None:
    with pytest.raises(UsageError, match="No program that reads the clipboard") as raised:
        take({**variables, "PATH": str(tmp_path)})
    assert hint in raised.value.hint
    assert not put("x", {**variables, "PATH": str(tmp_path)})
