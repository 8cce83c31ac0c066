"""The demo's own facts; that it runs is seen in tests/e2e."""

from __future__ import annotations

import json
from pathlib import Path

from exocortex.cli.demo import QUESTIONS, sample_environ

QUESTIONS_FILE = Path(__file__).parents[1] / "vault_questions.json"


def test_it_asks_what_the_sample_vault_was_written_for() -> None:
    demo = json.loads(QUESTIONS_FILE.read_text())["demo"]
    assert [*demo["answerable"], demo["unanswerable"]] == list(QUESTIONS)


def test_the_users_settings_and_home_are_left_out_of_it(tmp_path: Path) -> None:
    environ = sample_environ({"EXO_HOME": "/mine", "EXO_SEARCH_LIMIT": "3", "TERM": "xterm"}, tmp_path)
    assert environ == {"EXO_HOME": str(tmp_path), "TERM": "xterm"}
