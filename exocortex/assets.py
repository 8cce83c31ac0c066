"""Assets: where the files that come with the program are, in an installed wheel and in a checkout alike."""

from __future__ import annotations

from pathlib import Path

from exocortex.core.errors import EngineError


def bundled(name: str) -> Path:
    """The bundled file or folder of this name, such as `models/all-MiniLM-L6-v2`; raises EngineError if it is gone."""
    package = Path(__file__).resolve().parent
    for root in (package / "assets", package.parent / "assets"):
        if (root / name).exists():
            return root / name
    raise EngineError(f"The file {name} that comes with Exocortex is missing.", "Install Exocortex again.")
