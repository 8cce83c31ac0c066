"""Spelling: for a word that no note has, the nearest words that some do."""

from __future__ import annotations

from collections.abc import Iterable

from exocortex.storage.catalog import Catalog

_SHORTEST = 4
_MOST = 3


def respell(catalog: Catalog, terms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each term without a hit, up to three terms of the vocabulary one slip away (two in longer words).

    The distance counts transposed neighbours as one slip (Damerau 1964); nearer words come first, then those of more
    notes. A word the stemmer brings home ("greenhouses", "greenhouse") counts as known.
    """
    found: dict[str, tuple[str, ...]] = {}
    for term in terms:
        if len(term) >= _SHORTEST and term.isalpha() and not catalog.known_term(term) and not catalog.has_stem(term):
            near = _nearest(catalog, term)
            if near:
                found[term] = near
    return found


def _nearest(catalog: Catalog, term: str) -> tuple[str, ...]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    slips = 1 if len(term) < 8 else 2
    vocabulary = dict(catalog.vocabulary(len(term) - slips, len(term) + slips))
    near = process.extract(term, list(vocabulary), scorer=OSA.distance, score_cutoff=slips, limit=50)
    ranked = sorted(near, key=lambda match: (match[1], match[0][0] != term[0], -vocabulary[match[0]], match[0]))
    closest = [word for word, distance, _ in ranked if distance == ranked[0][1]]
    return tuple(closest[:_MOST])
