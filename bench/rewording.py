"""True rewordings for bench.verify: a sentence said otherwise by a few listed rules. Knows nothing of the verifier.

Each rule gives a sentence that means the same, or None where its pattern does not fit. The patterns are simple and some
results read stiffly; what they say stays true.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_SYNONYMS = """
about approximately | additionally moreover | aid help | allow permit | allows permits | allowed permitted | also too
| although though | amount quantity | annual yearly | answer reply | area region | areas regions | assist help
| began started | begin start | big large | build construct | built constructed | buy purchase | bought purchased
| car vehicle | change modify | changed modified | child kid | children kids | choose select | chosen selected
| clients customers | close near | collect gather | collected gathered | collects gathers | company firm
| companies firms | complete finish | contains includes | create make | created made | difficult hard | discover find
| disclose reveal | disclosed revealed | during throughout | early initial | easy simple | employ use
| enough sufficient | entire whole | error mistake | essential vital | every each | fast quick | film movie
| final last | frequently often | gave provided | get obtain | giant huge | give provide | good fine | great excellent
| happy glad | help assist | helps assists | home house | however nevertheless | huge enormous | illness disease
| important significant | improve enhance | include contain | including comprising | information data | initial first
| job work | keep retain | kept retained | kind sort | large big | many numerous | method approach | methods approaches
| near close | need require | needs requires | needed required | often frequently | old aged | option choice
| people persons | primary main | main principal | protect safeguard | provide supply | provided supplied
| provides supplies | purchase buy | quickly rapidly | rapid fast | receive get | received got | request ask
| require need | requires needs | required needed | result outcome | results outcomes | several various | share pass
| show demonstrate | shows demonstrates | showed demonstrated | shown demonstrated | similar comparable | small little
| start begin | started began | study investigation | studies investigations | sufficient enough | think believe
| try attempt | tried attempted | type kind | types kinds | use employ | used employed | uses employs | using employing
| usually normally | various different | wrong incorrect | whole entire
"""
SYNONYMS = {pair[0]: pair[1] for pair in map(str.split, _SYNONYMS.split("|"))}
"""Word form to word form; only these, in this direction."""
_MOST_SYNONYMS = 3

_VERBS = """
access accessed accessed | add added added | affect affected affected | build built built | buy bought bought
| call called called | cause caused caused | change changed changed | collect collected collected
| combine combined combined | create created created | defeat defeated defeated | describe described described
| design designed designed | destroy destroyed destroyed | develop developed developed
| direct directed directed | disclose disclosed disclosed | discover discovered discovered
| encode encoded encoded | establish established established | examine examined examined
| follow followed followed | found founded founded | give gave given | identify identified identified
| increase increased increased | infect infected infected | influence influenced influenced
| introduce introduced introduced | invent invented invented | kill killed killed | lead led led
| limit limited limited | make made made | manage managed managed | obtain obtained obtained
| offer offered offered | operate operated operated | own owned owned | perform performed performed
| process processed processed | produce produced produced | protect protected protected
| provide provided provided | publish published published | receive received received | record recorded recorded
| reduce reduced reduced | release released released | replace replaced replaced | report reported reported
| retain retained retained | send sent sent | set set set | share shared shared | sell sold sold
| show showed shown | store stored stored | support supported supported | take took taken
| transfer transferred transferred | treat treated treated | use used used | win won won | write wrote written
"""
_FORMS = [entry.split() for entry in _VERBS.split("|")]
_PAST_OF = {participle: past for _, past, participle in _FORMS}
_BASE_OF = {participle: base for base, _, participle in _FORMS}
_PARTICIPLE_OF = {base: participle for base, _, participle in _FORMS}
_FROM_PAST = {past: participle for _, past, participle in _FORMS}
_OBJECT = {"I": "me", "We": "us", "They": "them", "He": "him", "She": "her", "It": "it", "You": "you"}
_SUBJECT = {"me": "I", "us": "we", "them": "they", "him": "he", "her": "she", "it": "it", "you": "you"}

_NOUNS = (
    r"(?!(?:I|We|They|He|She|You|It|Although|While|If|When|Because|And|But) )[\w'’-]+"
    r"(?: (?!(?:by|that|who|which|and|to|is|are|was|were|may|will|can|has|have|I|\w+n['’]t) )[\w'’-]+){0,5}"
)
_WHO = rf"(?:I|We|They|He|She|You|It|{_NOUNS})"
_REST = r"(?P<rest>(?: (?:in|on|at|for|during|from|with|when|after|before|because|through|under|as)\b[^.]*)?)\.$"
_PASSIVE = re.compile(
    rf"(?P<what>{_NOUNS}) (?P<be>was|were|is|are) (?P<verb>{'|'.join(_PAST_OF)}) by (?P<who>{_NOUNS}?){_REST}"
)
_ACTIVE = re.compile(
    rf"(?P<who>{_WHO}) (?P<verb>{'|'.join(_FROM_PAST)}) (?P<what>(?:the|a|an|its|his|her|their|our|this|these)"
    rf" {_NOUNS}?){_REST}"
)
_MODAL = re.compile(
    rf"(?P<who>{_WHO}) (?P<modal>may|will|can|must|should|could|would) (?P<verb>{'|'.join(_PARTICIPLE_OF)})"
    rf" (?P<what>{_NOUNS}?){_REST}"
)
_CONJUNCTION = "because|when|if|while|although|unless|once|since|after|before"
_LEADING = re.compile(rf"(?P<how>(?i:{_CONJUNCTION})) (?P<one>[^,.]{{8,120}}), (?P<other>[^.]{{12,}})\.$")
_TRAILING = re.compile(
    r"(?P<other>[^,.]{12,}?)(?<! and)(?<! but)(?<! or),? (?P<how>because|when|if|while|although|unless)"
    r" (?P<one>[^,.]{8,})\.$"
)
_PHRASE = re.compile(r"(?P<how>In|On|At|During|For|With|By|After) (?P<one>[^,.]{3,60}), (?P<other>[^,.]{12,})\.$")
_BOTH = re.compile(
    r"(?P<one>[^,.]{16,}), (?P<how>and|but)"
    r" (?P<other>(?!then|so|not|also|is|are|was|has|have|can|will|may|did|does|do|most)[^,.]{16,})\.$"
)


def synonyms(sentence: str, chance: random.Random) -> str | None:
    """Up to three words exchanged by the table."""
    places = [match for match in re.finditer(r"\b[a-z]+\b", sentence) if match[0] in SYNONYMS]
    if not places:
        return None
    for match in sorted(chance.sample(places, min(_MOST_SYNONYMS, len(places))), key=re.Match.start, reverse=True):
        sentence = sentence[: match.start()] + SYNONYMS[match[0]] + sentence[match.end() :]
    return sentence


def voice(sentence: str, chance: random.Random) -> str | None:  # noqa: ARG001  # every rule gets both
    """Active made passive, or passive active."""
    if match := _PASSIVE.match(sentence):
        who, verb = _SUBJECT.get(match["who"], match["who"]), match["verb"]
        past = match["be"] in ("was", "were")
        many = who in ("I", "we", "they", "you") or who.endswith("s")
        told = _PAST_OF[verb] if past else _BASE_OF[verb] + ("" if many else "s")
        return f"{_upper(who)} {told} {lowered(match['what'])}{match['rest']}."
    if match := _MODAL.match(sentence):
        by = _OBJECT.get(match["who"], lowered(match["who"]))
        told = f"{match['modal']} be {_PARTICIPLE_OF[match['verb']]}"
        return f"{_upper(match['what'])} {told} by {by}{match['rest']}."
    if match := _ACTIVE.match(sentence):
        be = "were" if match["what"].endswith("s") else "was"
        by = _OBJECT.get(match["who"], lowered(match["who"]))
        return f"{_upper(match['what'])} {be} {_FROM_PAST[match['verb']]} by {by}{match['rest']}."
    return None


def order(sentence: str, chance: random.Random) -> str | None:  # noqa: ARG001
    """Two parts of the sentence exchanged: around because, when, if and the like, a leading phrase, or ", and"."""
    if match := _LEADING.match(sentence) or _PHRASE.match(sentence):
        return f"{_upper(match['other'])} {match['how'].lower()} {match['one']}."
    if match := _TRAILING.match(sentence):
        return f"{_upper(match['how'])} {match['one']}, {lowered(match['other'])}."
    if match := _BOTH.match(sentence):
        return f"{_upper(match['other'])}, {match['how']} {lowered(match['one'])}."
    return None


Rule = Callable[[str, random.Random], str | None]

RULES: dict[str, Rule] = {
    "reworded: synonyms": synonyms,
    "reworded: voice": voice,
    "reworded: order": order,
}


def lowered(text: str) -> str:
    """A clause for the middle of a sentence; I, names of several words and acronyms keep their capitals."""
    first, second, *_ = [*text.split()[:2], "", ""]
    named = first in ("I", "I'm", "I've", "I'll") or not first[1:].islower() or second[:1].isupper()
    return text if named and first.lower() not in _ALWAYS_LOWERED else text[:1].lower() + text[1:]


_ALWAYS_LOWERED = frozenset("a an the we our it this these they he she you your in on at".split())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
