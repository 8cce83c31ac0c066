"""The wheel carries all it needs: built, installed into an empty environment, it shows the whole path there."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from exocortex import __version__

CHECKOUT = Path(__file__).parents[2]
MODEL = "exocortex/assets/models/all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", folder, CHECKOUT], check=True, timeout=300)
    (built,) = folder.glob("exocortex-*.whl")
    return built


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_holds_models_notes_and_schema_and_nothing_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        provenance = json.loads(file.read(f"{MODEL}/provenance.json"))
        for name, expected in provenance["sha256"].items():
            assert hashlib.sha256(file.read(f"{MODEL}/{name}")).hexdigest() == expected
    assert f"{MODEL}/LICENSE" in names
    assert "exocortex/storage/schema.sql" in names
    notes = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "assets/vault").rglob("*") if path.is_file()}
    assert "assets/vault/.exoignore" in notes
    assert {f"exocortex/{path}" for path in notes} <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"exocortex"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_runs_where_nothing_but_the_wheel_is_installed(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=600)
    (tmp_path / "user").mkdir()
    environ = {"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(tmp_path / "user"), "LANG": "C.UTF-8"}

    def ended(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
        return done.stdout

    shown = ended("exo", "demo")
    assert shown.count("[1]") >= 2
    assert "Not in your notes" in shown
    assert list((tmp_path / "user").iterdir()) == []
    assert ended("exo", "--version") == f"exo {__version__}\n"
    where = ended(str(python), "-c", "import exocortex; print(exocortex.__file__)")
    assert where.startswith(str(tmp_path))
    listed = json.loads(ended(str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"))
    assert not {"torch", "pytest", "sentence-transformers"} & {one["name"].lower() for one in listed}
