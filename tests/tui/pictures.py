"""Pictures of the screens, drawn from the sample vault with the time standing still, and compared with the stored ones.

`python -m pytest tests/tui/test_pictures.py --draw` stores them anew; look at what has changed before committing it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import html
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import unified_diff
from enum import Enum
from pathlib import Path
from typing import Any, cast

from openai_servers import says, scripted
from owners import RunningOwner
from screens import shown as shown_by
from screens import types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.assets import bundled
from exocortex.config import Config
from exocortex.core.service import CortexPort
from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk
from exocortex.tui.themes import DARK

STORED = Path(__file__).parent / "drawings"
SCREENSHOTS = Path(__file__).parents[2] / "assets" / "screenshots"
NOW = datetime(2026, 11, 21, 14, 5).astimezone()
_SAVED = datetime(2026, 11, 21, 8, 33, 20).timestamp()
"""When the notes were last changed, in seconds since 1970: on the same day."""
_MODEL = "heron-3b-q4"
_PLACE = "/home/tove"
"""What a picture says the temporary folder is."""
_AT_REST = {"seconds": 0.0, "pid": 4242, "memory_bytes": 180_000_000, "bytes_on_disk": 12_000_000, "progress": None}
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is pressed before the picture is taken: keys, `type some text`, `wait for what is to be on the screen`."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (80, 24)
    theme: str = DARK
    readme: bool = False
    """Whether it is shown in the README."""
    reply: str = ""
    """What a language model says to every question; empty: there is none."""
    is_new: bool = False
    """No folder is known yet."""

    @property
    def file(self) -> Path:
        """Where it is stored."""
        if self.readme:
            return SCREENSHOTS / f"{self.name}.svg"
        return STORED / f"{self.name}-{self.size[0]}x{self.size[1]}-{self.theme.removeprefix('exo-')}.svg"


@contextmanager
def sample_owner(root: Path) -> Iterator[RunningOwner]:
    """An owner of the sample vault, read by its words and its meaning with the bundled embedder."""
    shutil.copytree(bundled("vault"), root / "notes")
    for file in (root / "notes").rglob("*"):
        os.utime(file, (_SAVED, _SAVED))
    running = RunningOwner(root / "home", root / "notes", root / "run", embedder="all-MiniLM-L6-v2")
    try:
        for _ in running.client().index.run():
            pass
        yield running
    finally:
        running.close()


def draw(owner: RunningOwner, scene: Scene) -> str:
    """The picture, as SVG without fonts from elsewhere."""
    with scripted(says(scene.reply), models=(_MODEL,)) as server:
        model = replace(owner.config.model, url=server.url if scene.reply else "", server_model=_MODEL)
        folders = () if scene.is_new else owner.config.folders
        return _drawn(owner, scene, replace(owner.config, model=model, folders=folders))


def _drawn(owner: RunningOwner, scene: Scene, config: Config) -> str:
    root = config.home.parent

    def reach(config: Config) -> CortexPort:
        return cast(CortexPort, _Still(owner.client(config), root))

    environ = {**owner.environ, "HOME": str(root)}
    app = ExocortexApp(Desk(config, environ, reach, lambda: config, now=lambda: NOW))

    async def run() -> str:
        async with app.run_test(size=scene.size) as pilot:
            app.theme, app.animation_level = scene.theme, "none"
            await until(pilot, lambda: scene.is_new or "fresh" in shown_by(pilot) or app.size.width < 80)
            await _act(pilot, scene.keys)
            for line in app.screen.query(Input):
                line.cursor_blink = False
            await pilot.pause(0.1)
            return app.export_screenshot(title="exo")

    drawn = _FONTS.sub("", asyncio.run(run()))
    return re.sub(r"terminal-\d+", "exo", drawn)


async def _act(pilot: Pilot[int], keys: tuple[str, ...]) -> None:
    for key in keys:
        what, _, text = key.partition(" ")
        if what == "type":
            await types(pilot, text)
        elif what == "wait":
            await until(pilot, lambda text=text: text in shown_by(pilot))  # type: ignore[misc]
        else:
            await pilot.press(key)


def check(owner: RunningOwner, scene: Scene, fresh: Path, store: bool) -> None:
    """Draw the scene and compare, or store it; `fresh` is where the new picture is put when they differ."""
    drawn = draw(owner, scene)
    if store:
        scene.file.parent.mkdir(exist_ok=True)
        scene.file.write_text(drawn, "utf-8")
        return
    stored = scene.file.read_text("utf-8") if scene.file.exists() else ""
    if drawn == stored:
        return
    fresh.write_text(drawn, "utf-8")
    rows = list(unified_diff(_rows(stored), _rows(drawn), "stored", "drawn", lineterm="", n=1))
    told = "\n".join(rows) or "The text is the same; colours or styles differ."
    raise AssertionError(f"{scene.file} isn't what is drawn now, which is in {fresh}\n{told}")


def _rows(svg: str) -> list[str]:
    """The text of a picture, row by row."""
    pieces = re.findall(r'<text[^>]*clip-path="url\(#exo-line-(\d+)\)"[^>]*>(.*?)</text>', svg)
    rows: dict[int, str] = {}
    for number, text in pieces:
        rows[int(number)] = rows.get(int(number), "") + html.unescape(text).replace("\xa0", " ")
    return [f"{number:3} {rows[number].rstrip()}" for number in sorted(rows)]


class _Still:
    """An index that is asked for real and tells no time, no place and no number that differs from run to run."""

    def __init__(self, inner: object, root: Path) -> None:
        self._inner, self._root = inner, root

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return _Still(found, self._root)
        return lambda *values, **named: _still(found(*values, **named), self._root)


def _still(value: Any, root: Path) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return value.replace(str(root), _PLACE)
    if isinstance(value, datetime):
        return NOW if abs(datetime.now().astimezone() - value) < timedelta(hours=1) else value
    if isinstance(value, tuple | list):
        return type(value)(_still(one, root) for one in value)
    if isinstance(value, Iterator):
        return (_still(one, root) for one in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changed = {field.name: _still(getattr(value, field.name), root) for field in dataclasses.fields(value)}
    changed |= {name: rest for name, rest in _AT_REST.items() if name in changed}
    if "milliseconds" in changed:
        changed["milliseconds"] = tuple((step, 1.0) for step, _ in changed["milliseconds"])
    return replace(value, **changed)
