"""Hits, painted: a note's title, where it was found, and the lines that were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.core.answers import Hit, Snippet
from exocortex.core.results import Explained, Found, Freshness

_SNIPPET_ROWS = 3
_LEAD = 120
"""Most characters before the first match."""


def paint_found(face: Face, found: Found, *, explain: bool) -> None:
    """A search's outcome: hits as the answer, notices and freshness beside it."""
    for notice in found.notices:
        face.console.notice(Span(notice, "warning"))
    if face.console.tty:
        face.console.line()
    for number, hit in enumerate(found.hits, 1):
        explained = found.explained[number - 1] if explain else None
        if face.console.tty:
            _paint_hit(face, number, hit, explained)
        else:
            _write_hit(face, hit, explained)
    if explain or face.console.verbose:
        steps = " · ".join(f"{step} {time:.0f} ms" for step, time in found.milliseconds)
        face.console.notice(Span(f"{found.mode}: {steps}", "faint"))
    if late := freshness(face, found.freshness):
        face.console.notice(Span(late, "faint"))


def paint_nothing(face: Face, found: Found) -> None:
    """A search without hits; that is beside the answer too, which is empty."""
    for notice in found.notices:
        face.console.notice(Span(notice, "warning"))
    face.console.notice(Span("Nothing found.", "strong"))
    if late := freshness(face, found.freshness):
        face.console.notice(Span(late, "faint"))


def freshness(face: Face, fresh: Freshness) -> str:
    """`as of 14:05, 12 pending`, or nothing to say if all is in."""
    if not fresh.pending and not fresh.embedding:
        return ""
    parts = [f"as of {face.clock(fresh.as_of)}"]
    if fresh.pending:
        parts.append(f"{fresh.pending:,} pending")
    if fresh.embedding:
        parts.append(f"{fresh.embedding:,} by words only so far")
    by_hand = face.alone or not face.config().owner.start
    return ", ".join(parts) + (". To catch up: exo index" if by_hand else "")


def nearest(face: Face, hits: Sequence[Hit]) -> None:
    """Hits as one line each, where they are not the answer but a pointer."""
    for hit in hits:
        where = Span(f"{face.spelled(hit.note)}:{hit.chunk.first_line}", "accent", hit.file, hit.chunk.first_line)
        face.console.line(where, *titled(hit), lead=[Span("  ")] if face.console.tty else [])


def titled(hit: Hit) -> list[Span]:
    """The note's title after its place, and its date."""
    spans = [Span("  "), Span(hit.note.title)]
    return [*spans, Span(f"  {hit.note.date}", "faint")] if hit.note.date else spans


def _paint_hit(face: Face, number: int, hit: Hit, explained: Explained | None) -> None:
    date = Span(str(hit.note.date), "faint") if hit.note.date else None
    lead = [Span(f"{number:>2}  ", "faint")]
    face.console.line(Span(hit.note.title, "strong", hit.file, hit.snippet.line), lead=lead, right=date)
    indent = [Span("    ")]
    place = Span(f"{face.spelled(hit.note)}:{hit.snippet.line}", "accent", hit.file, hit.snippet.line)
    missing = [Span("  file missing", "warning")] if hit.missing else []
    face.console.line(place, Span(_path(hit), "faint"), *missing, lead=indent)
    left = _SNIPPET_ROWS
    lines = snippet_lines(hit.snippet)
    if len(lines) > 1 and "".join(span.text for span in lines[0]).strip("# ") == hit.note.title:
        lines = lines[1:]  # the title stands above already
    for spans in lines:
        left -= face.console.line(*spans, lead=indent, most=left)
        if not left:
            break
    if explained is not None:
        face.console.line(Span(_explained(hit, explained), "faint"), lead=indent)
    face.console.line()


def _write_hit(face: Face, hit: Hit, explained: Explained | None) -> None:
    """One line a hit, `path:line: ` first, as grep has it and editors read it."""
    text = " ".join(hit.snippet.text.split())
    why = f"  ({_explained(hit, explained)})" if explained else ""
    why += "  (file missing)" if hit.missing else ""
    face.console.line(Span(f"{face.spelled(hit.note)}:{hit.snippet.line}: {hit.note.title}{_path(hit)}: {text}{why}"))


def _path(hit: Hit) -> str:
    headings = [heading for heading in hit.chunk.headings if heading != hit.note.title]
    return "".join(f" › {heading}" for heading in headings)


def snippet_lines(snippet: Snippet) -> list[list[Span]]:
    """The snippet's lines that aren't blank, from the first with a match on, as spans with the matches marked."""
    lines: list[list[Span]] = []
    matched, offset = None, 0
    for line in snippet.text.split("\n"):
        if line.strip():
            spans = list(_marked(line, offset, snippet.highlights))
            if matched is None and len(spans) > 1:
                matched = len(lines)
                spans[0] = Span(_shortened(spans[0].text))
            lines.append(spans)
        offset += len(line) + 1
    return lines[matched or 0 :]


def _shortened(before: str) -> str:
    """What stands before the first match, cut from the left so that the match is in sight."""
    return before if len(before) <= _LEAD else "… " + before[-_LEAD:].partition(" ")[2]


def _marked(line: str, offset: int, highlights: Sequence[tuple[int, int]]) -> Iterator[Span]:
    position = 0
    for start, end in highlights:
        first, last = max(start - offset, position), min(end - offset, len(line))
        if first >= last:
            continue
        yield Span(line[position:first])
        yield Span(line[first:last], "match")
        position = last
    yield Span(line[position:])


def _explained(hit: Hit, explained: Explained) -> str:
    words = "–" if explained.words is None else f"{explained.words:.2f} (rank {hit.ranks.words})"
    meaning = "–" if explained.meaning is None else f"{explained.meaning:.2f} (rank {hit.ranks.meaning})"
    return f"score {hit.score:.3f} · words {words} · meaning {meaning}"
