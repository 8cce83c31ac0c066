"""The views that readers share: closed in the middle of searches, they take nobody down and keep nobody waiting."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from owners import eventually

from exocortex.config import ensure_home
from exocortex.core.errors import IndexStoreError
from exocortex.storage.ledger import Ledger
from exocortex.views import SharedViews, View

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    ensure_home(tmp_path / "home")
    Ledger(tmp_path / "home").close()
    return tmp_path / "home"


def views_of(home: Path, readers: int) -> SharedViews:
    def make(ledger: Ledger) -> View:
        return View(ledger, *[None] * 6)  # type: ignore[arg-type]

    return SharedViews(home, make, readers)


class Caller:
    """A call on a thread of its own, and how it ended."""

    def __init__(self, views: SharedViews, query: str) -> None:
        self.inside = threading.Event()
        self.error: BaseException | None = None
        self._views, self._query = views, query
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._views.open() as view:
                self.inside.set()
                view.ledger.connection.execute(self._query).fetchall()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.error = error


def test_a_query_that_runs_is_broken_off_and_whoever_waits_is_told(home: Path) -> None:
    views = views_of(home, readers=1)
    running = Caller(views, ENDLESS)
    assert running.inside.wait(5)
    waiting = Caller(views, "SELECT 1")
    views.close()
    for caller in (running, waiting):
        caller.thread.join(5)
        assert isinstance(caller.error, IndexStoreError)
    assert not waiting.inside.is_set()
    with pytest.raises(IndexStoreError, match="closed meanwhile"), views.open():
        pass


def test_what_is_still_lent_is_closed_when_it_is_given_back(home: Path) -> None:
    views = views_of(home, readers=2)
    with views.open() as view:
        views.close(seconds=0.1)
        assert view.ledger.connection.execute("SELECT 1").fetchone() is not None
    with pytest.raises(Exception, match="closed database"):
        view.ledger.connection.execute("SELECT 1")


def test_a_view_comes_back_whatever_happened_to_it(home: Path) -> None:
    with closing(views_of(home, readers=1)) as views:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), views.open():
                raise ZeroDivisionError
        callers = [Caller(views, "SELECT count(*) FROM notes") for _ in range(10)]
        assert eventually(lambda: not any(one.thread.is_alive() for one in callers))
        assert [one.error for one in callers] == [None] * 10
