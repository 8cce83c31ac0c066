"""Writes the parts of README.md that the program itself says best: the annotated tree and the help text.

`python tools/readme.py` rewrites them in place; with `--check` it says whether they are true and exits 1 if not.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = {
    "pyproject.toml": "dependencies, checks and the import contract",
    "Makefile": "`make demo`, `make test`",
    "assets/models/": "the bundled embedding model, its licence and where it came from",
    "assets/vault/": "the sample notes of `exo demo`",
    "bench/": "speed and quality, measured; never part of the tests",
    "tools/": "how the bundled model and this page's listings were made",
    "tests/": "one file a module, faults/ for abuse, e2e/ for real processes",
}


def main() -> int:
    """Rewrite or check README.md."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    fresh = _replaced(_replaced(text, "tree", tree), "help", help_text)
    if "--check" in sys.argv[1:]:
        return int(fresh != text)
    readme.write_text(fresh, "utf-8")
    return 0


def tree() -> str:
    """Every module with the first sentence of its docstring."""
    lines = [f"{name:<28} {phrase}" for name, phrase in TOP.items()]
    package = ROOT / "exocortex"
    for file in sorted(package.rglob("*.py"), key=_place):
        place = file.relative_to(package)
        if file.name == "__init__.py":
            name = "exocortex/" if len(place.parts) == 1 else f"  {place.parent}/"
        else:
            name = "  " * len(place.parts) + place.name
        lines.append(f"{name:<28} {_first_sentence(file)}")
    return "```\n" + "\n".join(lines) + "\n```"


def help_text() -> str:
    """What `exo --help` prints."""
    command = [sys.executable, "-m", "exocortex", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return f"```\n$ exo --help\n{done.stdout.rstrip()}\n```"


def _place(file: Path) -> tuple[tuple[int, str], ...]:
    """Sorts a folder's own files before its subfolders, and its `__init__.py` before all."""
    parts = file.relative_to(ROOT).parts
    folders = [(2, part) for part in parts[:-1]]
    return (*folders, (0 if parts[-1] == "__init__.py" else 1, parts[-1]))


def _first_sentence(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    first = docstring.split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[a-z)`])\. ", first)[0].rstrip(".")


def _replaced(text: str, name: str, make: Callable[[], str]) -> str:
    start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return before + start + make() + end + after


if __name__ == "__main__":
    sys.exit(main())
