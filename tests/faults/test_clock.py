"""T20: the wall clock jumps under a running owner: nothing saved is missed, nothing is lost, and time goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from owned import OwnedPlace, make_owned
from owners import eventually
from processes import need


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A file that says how far the clock of whoever is started with `faked` is off."""
    file = tmp_path / "clock"
    file.write_text("+0")
    return file


def faked(clock: Path) -> dict[str, str]:
    """What makes a process read the clock through that file, its timers excepted."""
    libraries = Path(need("faketime")).parents[1].glob("lib/*/faketime/libfaketimeMT.so.1")
    return {
        "LD_PRELOAD": str(next(libraries)),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def finds(place: OwnedPlace, word: str) -> bool:
    return place.exo("search", word, "--mode", "words", "--literal").code == 0


def test_t20_a_clock_that_jumps_loses_no_change_and_ends_no_owner(tmp_path: Path, clock: Path) -> None:
    place = make_owned(tmp_path, None, **faked(clock))
    try:
        assert place.exo("index").code == 0
        owners = place.owners()
        this_year = int(place.exo("status", "--json").json()["as_of"][:4])
        for number, (jump, years) in enumerate([("+366d", {1}), ("-1h", {-1, 0}), ("+0", {0}), ("-400d", {-2, -1})]):
            clock.write_text(jump)
            (place.vault / f"{number}.md").write_text(f"A pangolin{number}x in the harbour.\n")
            assert eventually(lambda number=number: finds(place, f"pangolin{number}x"), 5)  # type: ignore[misc]
            status = place.exo("status", "--json").json()
            assert int(status["as_of"][:4]) - this_year in years
            assert (status["owner"]["watch"]["mode"], status["owner"]["problem"]) == ("events", None)
        (place.vault / "0.md").unlink()
        time.sleep(0.5)
        assert not finds(place, "pangolin0x")
        assert place.owners() == owners
        assert place.exo("doctor").code == 0
    finally:
        place.end()
