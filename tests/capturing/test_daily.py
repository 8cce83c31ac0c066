"""Which note is today's: by our settings, by Obsidian's, and by neither where they can't be understood."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.capturing import capture, todays
from exocortex.capturing.daily import daily_note, make
from exocortex.config import Config, DailySettings, Folder, load
from exocortex.core.errors import ConfigError, VaultError

NOW = datetime(2026, 11, 23, 14, 5, 9, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def config(vault: Vault, home: Path) -> Config:
    """One folder of notes."""
    return Config(home, (Folder("notes", vault.root),))


def _raw(config: Config) -> tuple[str, tuple[str, ...]]:
    daily = daily_note(config, config.folders[0], NOW)
    return daily.raw, daily.warnings


def _obsidian(vault: Vault, settings: object) -> None:
    vault.write(".obsidian/daily-notes.json", json.dumps(settings))


def test_it_lies_in_daily_unless_it_is_said_otherwise(config: Config) -> None:
    assert _raw(config) == ("Daily/2026-11-23.md", ())
    own = replace(config, daily=DailySettings(folder="Journal/Days", format="YYYY/MM/YYYY-MM-DD dddd"))
    assert _raw(own) == ("Journal/Days/2026/11/2026-11-23 Monday.md", ())
    assert _raw(replace(config, daily=DailySettings(folder="."))) == ("2026-11-23.md", ())


def test_an_obsidian_vault_is_asked_where_its_own_lie(config: Config, vault: Vault) -> None:
    vault.write(".obsidian/app.json", "{}")
    assert _raw(config) == ("2026-11-23.md", ())
    _obsidian(vault, {"folder": "/Journal/", "format": "YYYY/[W]WW/YYYY-MM-DD", "template": None})
    before = (vault.root / ".obsidian/daily-notes.json").read_bytes()
    assert _raw(config) == ("Journal/2026/W48/2026-11-23.md", ())
    assert _raw(replace(config, daily=DailySettings(format="YYYYMMDD"))) == ("Journal/20261123.md", ())
    assert make(daily_note(config, config.folders[0], NOW), config.home)
    assert (vault.root / ".obsidian/daily-notes.json").read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "raw", "says"),
    [
        ("[]", "Daily/2026-11-23.md", "can't be read"),
        ("{", "Daily/2026-11-23.md", "can't be read"),
        ('{"folder": "../out"}', "Daily/2026-11-23.md", "folder '../out' of daily notes can't be used"),
        ('{"format": "gggg-[W]ww"}', "2026-11-23.md", "gggg in the format"),
        ('{"format": "[..]/YYYY"}', "2026-11-23.md", "gives no name for a file"),
        ('{"format": "YYYY//MM"}', "2026-11-23.md", "gives no name for a file"),
        ('{"folder": "J", "format": "LL"}', "J/2026-11-23.md", "LL in the format"),
    ],
)
def test_what_is_not_understood_is_told_and_a_thought_does_not_wait_for_it(
    config: Config, vault: Vault, settings: str, raw: str, says: str
) -> None:
    vault.write(".obsidian/daily-notes.json", settings)
    found, (warning,) = _raw(config)
    assert (found, says in warning) == (raw, True), warning
    assert "[daily]" in warning


def test_it_is_made_once_of_its_template(config: Config, vault: Vault) -> None:
    config.home.mkdir(mode=0o700)
    (config.home / "templates").mkdir()
    (config.home / "templates" / "day.md").write_text("# {{title}} {{date:dddd}}\n\n## Log\n{{cursor}}\n")
    own = replace(config, daily=DailySettings(template="day", heading="Log"))
    daily = daily_note(own, own.folders[0], NOW)
    assert (make(daily, own.home), make(daily, own.home)) == (True, False)
    assert daily.path.read_text() == "# 2026-11-23 Monday\n\n## Log\n\n"
    captured = capture(own, "rang the plumber", NOW, to=todays(own, own.folders[0], NOW))
    assert (captured.path, captured.appended, captured.notice) == (daily.path, True, "")
    assert daily.path.read_text() == "# 2026-11-23 Monday\n\n## Log\n\n- 14:05 rang the plumber\n\n"


def test_the_template_of_obsidian_keeps_what_other_programs_fill_in(config: Config, vault: Vault) -> None:
    _obsidian(vault, {"template": "Templates/Day"})
    vault.write("Templates/Day.md", "{{date:YYYY}} {{title}} <% tp.date.now() %> {{VALUE}}\n")
    assert daily_note(config, config.folders[0], NOW).start == "2026 2026-11-23 <% tp.date.now() %> {{VALUE}}\n"


@pytest.mark.parametrize("template", ["Nowhere", "../../etc/passwd", "Templates/Bad"])
def test_without_its_template_it_is_made_empty_and_that_is_said(config: Config, vault: Vault, template: str) -> None:
    vault.write("Templates/Bad.md", b"caf\xe9")
    _obsidian(vault, {"template": template})
    daily = daily_note(config, config.folders[0], NOW)
    assert (daily.start, "made without its template" in daily.warnings[0]) == ("", True)


def test_a_text_makes_the_note_it_goes_into(config: Config, vault: Vault) -> None:
    to = todays(config, config.folders[0], NOW)
    assert capture(config, "one", NOW, to=to).appended
    capture(config, "- [ ] a task", NOW, to=to, tags=("home",))
    capture(config, "two\nlines", NOW, to=to)
    assert to.path.read_text() == "- 14:05 one\n- [ ] a task #home\n\ntwo\nlines\n"


def test_a_folder_that_is_away_makes_none(config: Config, vault: Vault) -> None:
    vault.root.rename(vault.root.with_name("away"))
    with pytest.raises(VaultError):
        make(daily_note(config, config.folders[0], NOW), config.home)
    to = todays(config, config.folders[0], NOW)
    assert not capture(config, "one", NOW, to=to).delivered


def test_a_format_that_is_none_is_refused_where_it_is_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"daily\.format must be a format"):
        load({"EXO_HOME": str(tmp_path / "home"), "EXO_DAILY_FORMAT": "LLLL"})
