"""Vectors belong to keys and embedders, outlive their chunks for a week, and come back bit for bit as stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from vaults import enter

from exocortex.storage.database import connect
from exocortex.storage.ledger import VERSION, Ledger
from exocortex.storage.vectors import KEPT_SECONDS, Vectors

NOW = 1_700_000_000.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as opened:
        yield opened


@pytest.fixture
def vectors(ledger: Ledger) -> Vectors:
    return ledger.vectors


def matrix(rows: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((rows, 4)).astype(np.float32)


def keys_of(ledger: Ledger) -> list[str]:
    return [row["key"] for row in ledger.connection.execute("SELECT key FROM chunks ORDER BY id")]


def test_vectors_come_back_as_float16_holds_them(vectors: Vectors) -> None:
    stored = matrix(3)
    vectors.store("f", ["a", "b", "c"], stored)
    keys, found = vectors.all("f")
    assert keys == ["a", "b", "c"]
    assert found.dtype == np.float32
    assert np.array_equal(found, stored.astype("<f2").astype(np.float32))
    assert vectors.all_keys("f") == keys
    some, part = vectors.of("f", ["c", "unknown", "a"])
    assert {key: list(row) for key, row in zip(some, part, strict=True)} == {"a": list(found[0]), "c": list(found[2])}


def test_nothing_is_an_empty_matrix(vectors: Vectors) -> None:
    assert vectors.all("f")[1].shape == (0, 0)
    assert vectors.of("f", [])[0] == []
    assert vectors.known("f", ["a"]) == set()
    assert vectors.count("f") == 0


def test_two_embedders_never_see_each_other(vectors: Vectors) -> None:
    vectors.store("one", ["a"], matrix(1, 1))
    vectors.store("two", ["a", "b"], matrix(2, 2))
    assert (vectors.count("one"), vectors.count("two")) == (1, 2)
    assert not np.array_equal(vectors.of("one", ["a"])[1], vectors.of("two", ["a"])[1])
    vectors.keep_only("one")
    assert (vectors.count("one"), vectors.count("two")) == (1, 0)


def test_what_is_missing_is_told_by_chunk_and_by_note(ledger: Ledger, vectors: Vectors) -> None:
    enter(ledger, "a.md", "# A\n\none\n\n# B\n\ntwo\n")
    enter(ledger, "copy.md", "# A\n\none\n\n# B\n\ntwo\n")
    enter(ledger, "c.md", "---\nonly: words\n---\n# C\n\nthree\n")
    keys = vectors.missing("f")
    assert len(keys) == len(set(keys)) == vectors.missing_count("f") == 3
    assert vectors.notes_missing("f") == 3
    texts = {one.text for one in vectors.inputs(keys)}
    assert "C\n# C\n\nthree" in texts
    assert not any("only" in text for text in texts)
    vectors.store("f", keys[:1], matrix(1))
    assert vectors.missing("f") == keys[1:]
    vectors.store("f", keys[1:], matrix(2))
    assert (vectors.missing_count("f"), vectors.notes_missing("f"), vectors.missing_count("g")) == (0, 0, 3)
    assert vectors.inputs(["gone"]) == []


def test_a_chunk_that_goes_takes_its_vector_out_and_brings_it_back(ledger: Ledger, vectors: Vectors) -> None:
    row = enter(ledger, "a.md")
    (key,) = keys_of(ledger)
    vectors.store("f", [key], matrix(1))
    before = vectors.of("f", [key])[1]
    ledger.remove(row)
    assert vectors.count("f") == 0
    assert vectors.of("f", [key])[0] == vectors.all("f")[0] == vectors.all_keys("f") == []
    assert vectors.known("f", [key]) == {key}
    enter(ledger, "b.md")
    assert vectors.missing("f") == []
    assert np.array_equal(vectors.of("f", [key])[1], before)


def test_a_vector_without_a_chunk_is_deleted_after_a_week_and_not_before(vectors: Vectors) -> None:
    vectors.store("f", ["a", "b"], matrix(2))
    vectors.release(["a"], NOW)
    vectors.purge(NOW + KEPT_SECONDS)
    assert vectors.known("f", ["a", "b"]) == {"a", "b"}
    vectors.purge(NOW + KEPT_SECONDS + 1)
    assert vectors.known("f", ["a", "b"]) == {"b"}


def test_every_change_waits_to_be_published_once(vectors: Vectors) -> None:
    assert vectors.unpublished() == []
    vectors.store("f", ["a", "b"], matrix(2))
    vectors.release(["b"], NOW)
    assert vectors.unpublished() == ["a", "b"]
    vectors.mark_published(["a"])
    assert vectors.unpublished() == ["b"]
    vectors.adopt(["b", "c"])
    assert vectors.unpublished() == ["b", "c"]


def test_a_second_note_with_a_passage_that_waits_counts_as_waiting_too(ledger: Ledger, vectors: Vectors) -> None:
    enter(ledger, "a.md")
    assert vectors.notes_missing("f") == 1
    second = enter(ledger, "b.md")
    assert vectors.notes_missing("f") == 2
    ledger.remove(second)
    assert vectors.notes_missing("f") == 1


def test_the_version_grows_with_every_change_and_only_then(vectors: Vectors) -> None:
    seen = [vectors.version]
    vectors.store("f", ["a"], matrix(1))
    seen.append(vectors.version)
    vectors.release(["a"], NOW)
    seen.append(vectors.version)
    vectors.adopt(["a"])
    seen.append(vectors.version)
    vectors.adopt([])
    seen.append(vectors.version)
    vectors.keep_only("another")
    seen.append(vectors.version)
    vectors.all("f")
    vectors.mark_published(["a"])
    assert seen == sorted(set(seen))
    assert vectors.version == seen[-1]


def test_a_batch_stored_in_a_transaction_that_fails_is_not_there(ledger: Ledger, vectors: Vectors) -> None:
    with pytest.raises(KeyboardInterrupt), ledger.transaction():
        vectors.store("f", ["a"], matrix(1))
        raise KeyboardInterrupt
    assert vectors.count("f") == 0
    assert vectors.unpublished() == []


def test_another_connection_sees_changes_by_the_version_once_they_are_committed(
    ledger: Ledger, vectors: Vectors, tmp_path: Path
) -> None:
    with closing(Ledger.reading(tmp_path)) as other:
        vectors.store("f", ["a", "b"], matrix(2))
        assert other.vectors.version == vectors.version == 1
        assert other.vectors.count("f") == 2
        with ledger.transaction():
            vectors.release(["a"], NOW)
            assert vectors.uncommitted
            assert (vectors.count("f"), other.vectors.count("f")) == (1, 2)
            assert other.vectors.version == 1
        assert (other.vectors.version, other.vectors.count("f")) == (2, 1)


def test_a_count_taken_in_a_transaction_that_fails_is_not_remembered(ledger: Ledger, vectors: Vectors) -> None:
    vectors.store("f", ["a"], matrix(1))
    with pytest.raises(KeyboardInterrupt), ledger.transaction():
        vectors.store("f", ["b", "c"], matrix(2))
        assert vectors.count("f") == 3
        raise KeyboardInterrupt
    assert vectors.count("f") == 1
    vectors.store("f", ["d"], matrix(1))
    assert vectors.count("f") == 2


def test_what_changed_since_a_version_is_told_with_its_vector_or_as_gone(vectors: Vectors) -> None:
    vectors.store("f", ["a", "b", "c"], matrix(3))
    vectors.store("g", ["a"], matrix(1))
    seen = vectors.version
    nothing = vectors.since("f", seen)
    assert nothing is not None
    assert (nothing.version, nothing.keys, nothing.gone) == (seen, (), ())
    vectors.store("f", ["b"], matrix(1, seed=5))
    vectors.release(["c", "unknown"], NOW)
    changes = vectors.since("f", seen)
    assert changes is not None
    assert (changes.version, changes.keys, changes.gone) == (vectors.version, ("b",), ("c",))
    assert np.array_equal(changes.matrix, matrix(1, seed=5).astype("<f2").astype(np.float32))
    vectors.adopt(["c", "b"])
    back = vectors.since("f", changes.version)
    assert back is not None
    assert (back.keys, back.gone) == (("c",), ())
    everything = vectors.since("f", 0)
    assert everything is not None
    assert set(everything.keys) == {"a", "b", "c"}


def test_whoever_missed_a_deletion_is_told_to_read_all_anew(vectors: Vectors) -> None:
    vectors.store("f", ["a", "b"], matrix(2))
    before = vectors.version
    vectors.release(["a"], NOW)
    after = vectors.version
    vectors.purge(NOW + KEPT_SECONDS)
    assert vectors.since("f", before) is not None
    vectors.purge(NOW + KEPT_SECONDS + 1)
    assert vectors.since("f", before) is None
    assert vectors.since("f", after) is not None
    vectors.store("g", ["a"], matrix(1))
    vectors.keep_only("g")
    assert vectors.since("f", after) is None
    assert vectors.since("g", vectors.version) is not None


def test_an_index_of_version_1_is_carried_over_with_its_vectors(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    path = tmp_path / "old" / "index.db"
    schema = files("exocortex.storage").joinpath("schema.sql").read_text("utf-8")
    lines = [
        line
        for line in schema.splitlines(keepends=True)
        if "changed INTEGER" not in line and "vectors_changed" not in line
    ]
    assert len(lines) == len(schema.splitlines()) - 2
    with closing(connect(path, "".join(lines), 1, "NORMAL")) as old:
        old.execute("INSERT INTO vectors(fingerprint, key, vector) VALUES('f', 'a', ?)", (b"\0\x3c" * 4,))
    with closing(Ledger(tmp_path / "old")) as ledger:
        assert ledger.connection.execute("PRAGMA user_version").fetchone()[0] == VERSION >= 2
        keys, found = ledger.vectors.all("f")
        assert (keys, found.tolist()) == (["a"], [[1.0] * 4])
        assert ledger.vectors.version == 0
        ledger.vectors.store("f", ["b"], matrix(1))
        changes = ledger.vectors.since("f", 0)
        assert changes is not None
        assert changes.keys == ("b",)


def test_a_reader_takes_a_count_once_for_each_version_though_it_always_reads_in_a_transaction(
    ledger: Ledger, vectors: Vectors, tmp_path: Path
) -> None:
    with closing(Ledger.reading(tmp_path)) as reader:
        asked: list[str] = []
        for rows in (1, 2):
            with ledger.transaction():
                vectors.store("f", [f"key {rows}"], matrix(1))
            reader.connection.set_trace_callback(asked.append)
            for _ in range(5):
                reader.connection.execute("BEGIN")
                assert reader.vectors.count("f") == rows
                reader.connection.execute("ROLLBACK")
            assert sum("count(*)" in statement for statement in asked) == rows
