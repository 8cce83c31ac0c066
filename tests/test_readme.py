"""README says what is so: its listings are what the program says, and its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_tree_and_the_help_text_are_those_of_the_program() -> None:
    done = subprocess.run([sys.executable, "tools/readme.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run: python tools/readme.py"


def test_every_make_target_and_command_it_names_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        target
        for pair in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", readme, re.MULTILINE)
        for target in pair
        if target
    }
    assert {"demo", "test"} <= named <= targets
    listing = subprocess.run([sys.executable, "-m", "exocortex", "--help"], capture_output=True, text=True, check=True)
    for command in re.findall(r"bin/exo ([a-z]+)", readme):
        assert re.search(rf"^  {command} ", listing.stdout, re.MULTILINE)


def test_every_file_it_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text("utf-8")):
        assert (ROOT / target).exists()
