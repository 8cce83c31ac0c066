"""What was typed in a shell becomes the query that was meant."""

from __future__ import annotations

import click
import pytest

from exocortex.cli.arguments import QueryCommand, common_options, query_of


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (["deposit", "lease"], "deposit lease"),
        (["lease", "after:last week"], 'lease after:"last week"'),
        (["after:last week"], 'after:"last week"'),
        (["on:3 days ago"], 'on:"3 days ago"'),
        (["title:two words", "x"], 'title:"two words" x'),
        (["title:two words"], "title:two words"),
        (["tag:x lease"], "tag:x lease"),
        (["-path:a b", "x"], '-path:"a b" x'),
        (['after:"last week" x', "y"], 'after:"last week" x y'),
        (["Note: foo bar", "x"], "Note: foo bar x"),
        (["http://x y", "z"], "http://x y z"),
        (["two words", "x"], "two words x"),
        ([], ""),
    ],
)
def test_quotes_that_the_shell_took_are_put_back(words: list[str], query: str) -> None:
    assert query_of(words) == query


def parsed(*arguments: str) -> tuple[str, int | None]:
    """The query and the limit as a query command sees them."""
    limit = click.Option(["-n", "--limit"], type=int)
    command = QueryCommand("search", params=[click.Argument(["words"], nargs=-1), limit])
    with command.make_context("search", list(arguments)) as ctx:
        return query_of(ctx.params["words"]), ctx.params["limit"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["lease", "-draft"], ("lease -draft", None)),
        (["-vacation", "-quick"], ("-vacation -quick", None)),
        (["--limit", "-5", "x"], ("x", -5)),
        (["--limit=5", "-x"], ("-x", 5)),
        (["x", "--", "--limit", "-y"], ("x --limit -y", None)),
        (["-"], ("-", None)),
        (["-q", "x"], ("x", None)),
        (["x", "-n", "1"], ("x", 1)),
        (["-n3", "x", "-nx"], ("x -nx", 3)),
        (["x", "--", "-n", "1"], ("x -n 1", None)),
        (["-1.5"], ("-1.5", None)),
    ],
)
def test_words_with_a_dash_are_words(arguments: list[str], expected: tuple[str, int | None]) -> None:
    assert parsed(*arguments) == expected


def test_an_unknown_long_option_is_a_mistake() -> None:
    with pytest.raises(click.NoSuchOption, match="--limt"):
        parsed("--limt", "5", "x")


def test_every_command_takes_the_common_options() -> None:
    assert [option.opts for option in common_options()] == [["-q", "--quiet"], ["-v", "--verbose"], ["--no-owner"]]
