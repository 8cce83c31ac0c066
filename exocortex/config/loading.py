"""Config: every value in force, and where each came from: a flag, the environment, config.toml, or the default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exocortex.config.file import FILE_NAME, ConfigFile, read_config_file
from exocortex.config.folders import Folder, folders_in, real_path
from exocortex.config.home import check_home, find_home
from exocortex.config.settings import (
    SECTIONS,
    SETTINGS,
    CaptureSettings,
    DailySettings,
    EmbedderSettings,
    IndexSettings,
    ModelSettings,
    OwnerSettings,
    PrivacySettings,
    ScreenSettings,
    SearchSettings,
    Setting,
    StoreSettings,
    WatchSettings,
)
from exocortex.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is settled before any work starts."""

    home: Path
    """Absolute, links resolved."""
    folders: tuple[Folder, ...] = ()
    index: IndexSettings = field(default_factory=IndexSettings)
    embedder: EmbedderSettings = field(default_factory=EmbedderSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    owner: OwnerSettings = field(default_factory=OwnerSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    daily: DailySettings = field(default_factory=DailySettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    origins: tuple[tuple[str, str], ...] = ()
    """(name of a value, where it came from) for each that isn't a default."""


@dataclass(frozen=True, slots=True)
class Value:
    """One line of `exo config`."""

    name: str
    """`home`, `section.key` or `folders.NAME`."""
    value: Any
    origin: str
    """`default`, `config.toml line 7`, `environment EXO_SEARCH_LIMIT` or `flag`."""
    meaning: str


def load(environ: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Config:
    """Settle every value; `flags` maps `home` and `section.key` to what was typed, None standing for nothing.

    Reads config.toml if there is one and creates nothing. Raises ConfigError naming every unknown and every bad value
    with its line, and if the home isn't this user's.
    """
    typed = {name: value for name, value in (flags or {}).items() if value is not None}
    home_flag = typed.pop("home", None)
    given_home, home_origin = find_home(environ, None if home_flag is None else str(home_flag))
    check_home(given_home)
    home = real_path(given_home)
    file = read_config_file(home)
    wrong = [*_unknown_in_file(file), *_unknown_in_environment(environ), *_unknown_flags(typed)]
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    origins = {"home": home_origin}
    for setting in SETTINGS:
        for origin, given in _given(setting, file, environ, typed):
            try:
                values[setting.section][setting.key] = setting.convert(given)
                origins[setting.name] = origin
            except (ValueError, OverflowError):
                wrong.append(f"{origin}: {setting.name} must be {setting.expects}, not {given!r}")
    folders, complaints = folders_in(file, home)
    raise_if_any([*wrong, *complaints], file)
    origins |= {f"folders.{folder.name}": file.where(f"folders.{at}") for at, folder in enumerate(folders)}
    sections: dict[str, Any] = {section: kind(**values[section]) for section, kind in SECTIONS.items()}
    return Config(home, folders, **sections, origins=tuple(origins.items()))


def listing(config: Config) -> tuple[Value, ...]:
    """Every value in force with its origin: the home, each setting in the order declared, each folder."""
    origins = dict(config.origins)
    values = [Value("home", str(config.home), origins.get("home", "default"), "holds everything Exocortex stores")]
    for one in SETTINGS:
        value = getattr(getattr(config, one.section), one.key)
        values.append(Value(one.name, value, origins.get(one.name, "default"), one.meaning))
    for folder in config.folders:
        name = f"folders.{folder.name}"
        values.append(Value(name, str(folder.root), origins.get(name, FILE_NAME), "a folder of notes"))
    return tuple(values)


def raise_if_any(wrong: list[str], file: ConfigFile) -> None:
    """Raise ConfigError with all complaints, one a line."""
    if wrong:
        raise ConfigError("\n".join(wrong), f"Mend that; the file is {file.path}. All settings: exo config")


def _given(
    setting: Setting, file: ConfigFile, environ: Mapping[str, str], typed: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """The values given for a setting with their origins, the one that wins last; an empty variable is none."""
    section = file.data.get(setting.section)
    if isinstance(section, dict) and setting.key in section:
        yield file.where(setting.name), section[setting.key]
    if environ.get(setting.variable):
        yield f"environment {setting.variable}", environ[setting.variable]
    if setting.name in typed:
        yield "flag", typed[setting.name]


def _unknown_in_file(file: ConfigFile) -> Iterator[str]:
    for name, value in file.data.items():
        where = file.where(name)
        if name == "folders":
            continue
        if name not in SECTIONS:
            yield f"{where}: there is no section {name!r}{_meant(name, [*SECTIONS, 'folders'])}"
        elif not isinstance(value, dict):
            yield f"{where}: {name} is a section: write [{name}] and its settings below"
        else:
            keys = [setting.key for setting in SETTINGS if setting.section == name]
            for key in (key for key in value if key not in keys):
                yield f"{file.where(f'{name}.{key}')}: [{name}] has no setting {key!r}{_meant(key, keys)}"


def _unknown_in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    known = [setting.variable for setting in SETTINGS]
    sections = tuple(f"EXO_{section}_".upper() for section in SECTIONS)
    for name in environ:
        if name.startswith(sections) and name not in known:
            yield f"environment {name}: there is no such setting{_meant(name, known)}"


def _unknown_flags(typed: Iterable[str]) -> Iterator[str]:
    known = [setting.name for setting in SETTINGS]
    return (f"flag {name}: there is no such setting{_meant(name, known)}" for name in typed if name not in known)


def _meant(word: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, 1)
    return (f"; did you mean {near[0]}?" if near else ";") + f" There are: {', '.join(known)}"
