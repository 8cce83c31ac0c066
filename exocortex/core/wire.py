"""Wire: results as JSON, in the one shape that scripts and clients are promised."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from exocortex.core.answers import Answer, Citation, Hit
from exocortex.core.notes import NoteRef

SCHEMA = 1


def dumps(value: object) -> str:
    """One line of ASCII-escaped JSON, safe on any terminal."""
    return json.dumps(plain(value), ensure_ascii=True, separators=(",", ":"))


def document(value: object) -> dict[str, Any]:
    """A result as a JSON object that carries its schema's number."""
    shape = plain(value)
    return {"schema": SCHEMA, **(shape if isinstance(shape, dict) else {"items": shape})}


def plain(value: object) -> Any:
    """Dataclasses, dates and enums as what JSON knows; hits, citations and answers in their public shape."""
    match value:
        case Hit():
            return _hit(value)
        case Citation():
            return _citation(value)
        case Answer():
            return _answer(value)
        case NoteRef():
            return {"folder": value.folder, "path": value.path, "title": value.title, "date": plain(value.date)}
        case Enum():
            return value.value
        case date() | datetime():
            return value.isoformat()
        case PurePath():
            return str(value)
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "folder": hit.note.folder,
        "path": hit.note.path,
        "file": hit.file,
        "title": hit.note.title,
        "headings": list(hit.chunk.headings),
        "first_line": hit.chunk.first_line,
        "last_line": hit.chunk.last_line,
        "score": round(hit.score, 6),
        "ranks": {"words": hit.ranks.words, "meaning": hit.ranks.meaning},
        "snippet": hit.snippet.text,
        "missing": hit.missing,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "folder": citation.note.folder,
        "path": citation.note.path,
        "file": citation.file,
        "title": citation.note.title,
        "date": plain(citation.note.date),
        "first_line": citation.first_line,
        "last_line": citation.last_line,
        "quote": citation.quote,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question,
        "abstained": answer.abstained,
        "silence": answer.silence if answer.abstained else "",
        "engine": answer.engine,
        "sentences": plain(answer.sentences),
        "citations": plain(answer.citations),
        "coverage": plain(answer.coverage),
        "hits": plain(answer.hits),
        "receipt": answer.receipt,
        "written": answer.written,
        "dropped_citations": answer.dropped,
        "failed": answer.failed,
        "notices": list(answer.notices),
    }
