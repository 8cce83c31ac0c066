"""Decoding: a file's bytes as text, whatever the encoding; binary data is refused. Knows nothing about notes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from exocortex.core.errors import ExocortexError

_SAMPLE = 32 * 1024
_BOMS = (
    # The UTF-32 mark begins with the UTF-16 one, so it is looked for first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_FEW = 8
"""Fewer bytes than this outside ASCII say nothing about an encoding."""
_LEGACY = ("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp932", "euc_jp", "gb18030", "big5", "euc_kr")
_WELL_FORMED = re.compile(r"[^\x00-\x7f\ufffd]")


class Unreadable(ExocortexError):  # noqa: N818  the state of a file, told to people as the reason it was skipped
    """A file that cannot be read as text; the message is a short reason, such as "binary data"."""

    kind = "unreadable"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text without byte order mark, NUL or lone surrogates."""

    text: str
    warning: str | None = None
    """Says which encoding was used where it was not UTF-8."""


def decode(data: bytes) -> Decoded:
    """Decode by byte order mark, as strict UTF-8, or by the likeliest legacy encoding. Raises Unreadable if binary."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], encoding)
    if b"\0" in data:
        return _marked(data, _unmarked_utf16(data))
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return _legacy(data, error.start)


def _marked(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    if "\0" in text or text.count("\ufffd") * 20 > len(text):
        raise _binary()
    return Decoded(text, None if encoding == "utf-8" else f"not UTF-8: read as {encoding[:6].upper()}")


def _unmarked_utf16(data: bytes) -> str:
    sample = data[: _SAMPLE - _SAMPLE % 2]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if len(data) % 2 == 0 and even + odd > len(sample) * 0.2 and not (even and odd):
        return "utf-16-be" if even else "utf-16-le"
    raise _binary()


def _legacy(data: bytes, first_bad: int) -> Decoded:
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    # A damaged UTF-8 file still holds more well-formed characters than broken ones; legacy text hardly any.
    if len(_WELL_FORMED.findall(text)) > bad:
        return Decoded(text, f"not quite UTF-8: {bad} damaged characters")
    encoding = _guess(data[max(0, first_bad - _SAMPLE // 2) :][:_SAMPLE])
    text = data.decode(encoding, errors="replace").replace("\0", "\ufffd")
    sample = text[:_SAMPLE]
    if (len(_CONTROLS.findall(sample)) + sample.count("\ufffd")) * 50 > len(sample):
        raise _binary()
    return Decoded(text, f"not UTF-8: read as {encoding}")


def _guess(sample: bytes) -> str:
    """Name of a Python codec."""
    from charset_normalizer import from_bytes

    if len(_HIGH.findall(sample)) < _FEW:
        return "cp1252"
    found = from_bytes(sample, steps=5, chunk_size=512, cp_isolation=list(_LEGACY))
    best = found.best()
    if best is None:
        return "cp1252"
    # The detector names the alphabetically first of equals; on real disks the Western page is the commonest.
    for match in found:
        if match.encoding == "cp1252" and match.chaos <= best.chaos and match.coherence >= best.coherence - 0.06:
            return "cp1252"
    return "cp1252" if "cp1252" in best.could_be_from_charset else str(best.encoding)


def _binary() -> Unreadable:
    return Unreadable("binary data", "If it is a note, save it as UTF-8 text.")
