"""Every value comes from where it should, says so, and is refused with its line when it makes no sense."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exocortex.config import SETTINGS, Config, EmbedderSettings, Folder, IndexSettings, SearchSettings, listing, load
from exocortex.core.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


def loaded(home: Path, text: str = "", flags: dict[str, object] | None = None, **environ: str) -> Config:
    (home / "config.toml").write_text(text)
    return load({"EXO_HOME": str(home), **environ}, flags)


def complaint(home: Path, text: str = "", flags: dict[str, object] | None = None, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(home, text, flags, **environ)
    assert str(home / "config.toml") in caught.value.hint
    return caught.value.message


def test_nothing_said_gives_the_defaults(home: Path) -> None:
    config = load({"EXO_HOME": str(home)})
    assert config == Config(home, (), IndexSettings(), EmbedderSettings(), SearchSettings(), origins=config.origins)
    assert config.index.max_file_bytes == 5_000_000
    assert {value.origin for value in listing(config)} == {"default", "environment EXO_HOME"}
    assert load({}, {"home": str(home)}).home == home


def test_flag_over_environment_over_file_over_default(home: Path) -> None:
    text = "# mine\n[search]\nlimit = 3\nmode = 'words'\nlink = ''\n\n[index]\nmax_file_mb = 2\n"
    config = loaded(
        home,
        text,
        {"search.limit": "5", "search.mode": None, "home": None},
        EXO_SEARCH_LIMIT="4",
        EXO_SEARCH_MODE="meaning",
        EXO_INDEX_IGNORE="*.log, drafts/ ,",
        EXO_EMBEDDER_NAME="",
    )
    assert config.search == SearchSettings("meaning", 5, "")
    assert config.index == IndexSettings(2.0, ("*.log", "drafts/"))
    sections = ("home", "index", "embedder", "search")
    origins = {one.name: one.origin for one in listing(config) if one.name.startswith(sections)}
    assert origins == {
        "home": "environment EXO_HOME",
        "index.max_file_mb": "config.toml line 8",
        "index.ignore": "environment EXO_INDEX_IGNORE",
        "embedder.name": "default",
        "embedder.threads": "default",
        "search.mode": "environment EXO_SEARCH_MODE",
        "search.limit": "flag",
        "search.link": "config.toml line 5",
        "search.reranker": "default",
    }
    assert all(value.meaning for value in listing(config))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[search]\nlimt = 3",
            "config.toml line 2: [search] has no setting 'limt'; did you mean limit? There are: mode, limit",
        ),
        (
            "\n[serch]\nlimit = 3",
            "config.toml line 2: there is no section 'serch'; did you mean search? There are: index,",
        ),
        (
            "x = 1",
            "config.toml line 1: there is no section 'x'; There are: index, embedder, search, owner, watch, capture,",
        ),
        ("search = 1", "config.toml line 1: search is a section"),
        ("[search]\n\nlimit = 0", "line 3: search.limit must be a whole number from 1 to 1000, not 0"),
        ("[search]\nlimit = true", "line 2: search.limit must be a whole number from 1 to 1000, not True"),
        ("[search]\nlimit = 1.5", "not 1.5"),
        ("[search]\nmode = 'best'", "search.mode must be one of hybrid, words, meaning, not 'best'"),
        ("[search]\nlink = 'http://x'", "search.link must be a text with {file}"),
        ("[search]\nlink = '{file}{col}'", "search.link must be"),
        ('[search]\nlink = "\\u001b{file}"', "not '\\x1b{file}'"),
        ("[index]\nmax_file_mb = 'big'", "line 2: index.max_file_mb must be a number from 0.001 to 1000, not 'big'"),
        ("[index]\nmax_file_mb = nan", "index.max_file_mb must be"),
        ("[index]\nmax_file_mb = inf", "index.max_file_mb must be"),
        ("[index]\nignore = [1]", "index.ignore must be a list of patterns"),
        ("index.ignore = 3", "line 1: index.ignore must be a list of patterns"),
        ("[embedder]\nname = 3", "embedder.name must be a name, not 3"),
        ("[embedder]\nthreads = 1979-05-27", "embedder.threads must be"),
    ],
)
def test_what_the_file_says_wrongly_is_named_with_its_line(home: Path, text: str, message: str) -> None:
    assert message in complaint(home, text)


def test_wrong_variables_and_flags_are_named(home: Path) -> None:
    assert "environment EXO_SEARCH_LIMIT: search.limit must be" in complaint(home, EXO_SEARCH_LIMIT="many")
    assert "EXO_SEARCH_LIMT: there is no such setting; did you mean EXO_SEARCH_LIMIT" in complaint(
        home, EXO_SEARCH_LIMT="1"
    )
    assert "flag: search.limit must be" in complaint(home, flags={"search.limit": -1})
    assert "flag search.limits: there is no such setting" in complaint(home, flags={"search.limits": 1})
    assert loaded(home, EXO_UNRELATED="1", EXO="x").search == SearchSettings()


def test_all_that_is_wrong_is_said_at_once_even_if_overridden(home: Path) -> None:
    text = "[index]\nmax_file_mb = 0\n[search]\nlimit = 'x'\nmod = 1\n[[folders]]\nname = 'a'\n"
    lines = complaint(home, text, EXO_INDEX_MAX_FILE_MB="3").split("\n")
    assert sorted(line.partition(":")[0] for line in lines) == [f"config.toml line {line}" for line in (2, 4, 5, 6)]


def test_folders_are_read_with_their_lines(home: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    text = (
        f"[[folders]]\nname = 'a'\npath = '{tmp_path}/link'\n\n[[folders]]\nname = 'gone'\npath = '~/no such folder'\n"
    )
    config = loaded(home, text)
    assert config.folders == (Folder("a", tmp_path / "real"), Folder("gone", Path.home() / "no such folder"))
    values = {value.name: (value.value, value.origin) for value in listing(config)}
    assert values["folders.a"] == (str(tmp_path / "real"), "config.toml line 1")
    assert values["folders.gone"][1] == "config.toml line 5"


BLOCK = "[[folders]]\nname = 'a'\npath = '/x/a'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("folders = 1", "line 1: folders must be written as [[folders]] blocks"),
        ("folders = ['a']", "line 1: folders must be written as"),
        (BLOCK + "colour = 1", "line 1: this folder has colour, which means nothing here"),
        ("[[folders]]\npath = '/x'", "line 1: this folder needs a name and a path"),
        ("[[folders]]\nname = ''\npath = '/x'", "needs a name and a path"),
        ("[[folders]]\nname = 3\npath = '/x'", "needs a name and a path"),
        ("[[folders]]\nname = 'a:b'\npath = '/x'", "can't be named 'a:b'"),
        ('[[folders]]\nname = "a\\u001b"\npath = "/x"', "can't be named 'a\\x1b'"),
        ("[[folders]]\nname = 'a'\npath = 'x/y'", "needs an absolute path, not 'x/y'"),
        ('[[folders]]\nname = "a"\npath = "/x\\u0000"', "needs an absolute path"),
        (
            BLOCK + BLOCK.replace("/x/a", "/y").replace("'a'", "'A'"),
            "line 4: this folder can't be named 'A': another one is",
        ),
        (BLOCK + BLOCK.replace("'a'", "'b'"), "line 4: this folder lies in folder a (/x/a)"),
        (BLOCK + BLOCK.replace("'a'", "'b'").replace("/x/a", "/x"), "line 4: this folder lies around folder a (/x/a)"),
    ],
)
def test_folders_that_cannot_be_are_named_with_their_line(home: Path, text: str, message: str) -> None:
    assert message in complaint(home, text)


def test_the_home_and_a_folder_may_not_lie_one_in_the_other(home: Path) -> None:
    assert "this folder is the home" in complaint(home, f"[[folders]]\nname = 'a'\npath = '{home}'\n")
    for path in (home.parent, home / "notes"):
        assert "may not lie one in the other" in complaint(home, f"[[folders]]\nname = 'a'\npath = '{path}'\n")


@pytest.mark.parametrize(
    "url", ["http://", "https://:80", "http://host:99999", "http://host:0", "http://host:x", "host:1"]
)
def test_an_address_that_leads_nowhere_is_refused(home: Path, url: str) -> None:
    assert "store.url must be http://host:port" in complaint(home, f"[store]\nurl = '{url}'\n")


VALUES = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.lists(st.text(max_size=3)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_flags=st.dictionaries(st.sampled_from([one.name for one in SETTINGS]), VALUES))
def test_any_value_is_taken_in_its_own_type_or_refused(home: Path, given_flags: dict[str, object]) -> None:
    try:
        config = load({"EXO_HOME": str(home)}, given_flags)
    except ConfigError:
        return
    for one in SETTINGS:
        value = getattr(getattr(config, one.section), one.key)
        assert type(value) is type(one.default)
        assert one.accepts(value)


def test_defaults_are_acceptable_and_declared_once() -> None:
    assert all(one.accepts(one.default) and one.meaning and one.expects for one in SETTINGS)
    assert len({one.variable for one in SETTINGS}) == len(SETTINGS)


def test_loading_takes_the_standard_library_only() -> None:
    code = """
import sys
before = set(sys.modules)
from exocortex.config import load
load({"EXO_HOME": "/nowhere/x"})
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(names - set(sys.stdlib_module_names) - {"exocortex"}))
"""
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
