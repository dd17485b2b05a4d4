"""Make a follow-up ("and in May?") a query that stands alone: by the model, or by carrying words over from earlier turns.

A question is a follow-up when it opens like one, refers back by a pronoun, or has hardly a word of its own. Its content
words are put before those of the person's last question that stood alone; a new month or figure replaces the old one, and a
person's pronoun brings the names of the last answer. Both the question and the query are kept in the run's trace.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Literal

import structlog

from llm.chat import ChatMessage, ChatModel, ModelRefused, ModelUnavailable, Usage
from llm.fold import INVISIBLE, REFERENCE
from llm.prompt import safe
from llm.short_answer import ShortAnswer
from search.query import MAX_CHARACTERS
from search.terms import FALLBACK, detect, pieces

log = structlog.get_logger(__name__)

Way = Literal["as asked", "by the person", "by terms", "by the model"]

FEW_WORDS: Final = 2  # content words; "and in May?" has one, "Which river?" has one
MOST_CARRIED: Final = 8
MOST_NAMES: Final = 3
MOST_TURNS: Final = 6  # shown to the model
TURN_CHARACTERS: Final = 600  # of each
REWRITE_TOKENS: Final = 96
REWRITE_S: Final = 6.0  # a slow model costs this much, and the words are carried over instead


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPENING: Final = re.compile(
    r"\s*(?:and|but|or|so|then|also|what about|how about|und|oder|aber|was ist mit|wie ist es|et|mais|qu'en est-il|y|pero|"
    r"qué hay de|e|ma|en|maar|и|а|но|i|那|那么)\b",  # noqa: RUF001
    re.IGNORECASE,
)
_PERSON: Final = _words("he him his she her hers they them their er ihn ihm sie ihr ihnen il elle ils elles lui él ella ellos он она они")  # fmt: skip
_THING: Final = _words("it its these those one ones former latter es dessen deren dies diese dieser ce cela celui celle ça eso esto это")  # fmt: skip
_POINTING: Final = _words("this that there das dort là ahí там")  # alone they may only join clauses
_FEW_FOR_POINTING: Final = 4
_MONTHS: Final = _words(
    "january february march april may june july august september october november december januar februar märz mai juni juli "
    "oktober dezember janvier février mars avril juin juillet août septembre octobre novembre décembre enero febrero marzo "
    "abril mayo junio julio agosto septiembre octubre noviembre diciembre monday tuesday wednesday thursday friday saturday "
    "sunday"
)
_NAME: Final = re.compile(
    r"(?<![.!?:\n-] )(?<!^)\b[A-ZÄÖÜÀ-ÞА-Я][\w'-]+(?: [A-ZÄÖÜÀ-ÞА-Я][\w'-]+)*"
)
_WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Standalone:
    """What is searched for a question, who made it so, and what that cost."""

    query: str
    by: Way
    usage: Usage | None = None
    answered_by: str = ""  # the model that stepped in


def is_follow_up(question: str) -> bool:
    """Say whether a question leans on what was said before."""
    words = {word.casefold() for word in _WORD.findall(question)}
    content = len(_content(question))
    if content <= FEW_WORDS or words & (_PERSON | _THING):
        return True
    return bool(_OPENING.match(question)) or (
        content <= _FEW_FOR_POINTING and bool(words & _POINTING)
    )


def carry_over(question: str, earlier: Sequence[ChatMessage]) -> Standalone:
    """Return the question with the words that it leaves out; `earlier` are the turns before it, the newest first."""
    asked = [turn.content for turn in earlier if turn.role == "user"]
    if not asked or not is_follow_up(question):
        return Standalone(question, "as asked")
    own = dict(_content(question))
    renewed = {_kind(word) for word in own.values()}
    carried: dict[str, str] = {}
    for before in asked[:MOST_TURNS]:
        for stem, word in _content(before):
            if stem not in own and (_kind(word) == "word" or _kind(word) not in renewed):
                carried.setdefault(stem, word)
        if not is_follow_up(before):
            break
    more = [*list(carried.values())[:MOST_CARRIED], *_names(question, earlier)]
    if not more:
        return Standalone(question, "as asked")
    return Standalone(" ".join([*own.values(), *more])[:MAX_CHARACTERS], "by terms")


async def rewrite(model: ChatModel, question: str, earlier: Sequence[ChatMessage]) -> Standalone:
    """Return the question as the model words it without what came before; words are carried over where it fails."""
    if not any(turn.role == "user" for turn in earlier):
        return Standalone(question, "as asked")
    answer = ShortAnswer(rewriting(question, earlier))
    try:
        async with asyncio.timeout(REWRITE_S):
            await answer.listen(model, max_tokens=REWRITE_TOKENS)
    except (ModelUnavailable, ModelRefused, TimeoutError) as error:
        log.info("a follow-up is not rewritten by the model", reason=str(error) or "timed out")
    query = _query_in(answer.text)
    by: Way = "by the model" if query != question else "as asked"
    made = Standalone(query, by) if query else carry_over(question, earlier)
    return replace(made, usage=answer.usage, answered_by=answer.answered_by)


def rewriting(question: str, earlier: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return what a model is asked, to word a question so that it stands alone."""
    return [ChatMessage("system", _rules()), ChatMessage("user", _shown(question, earlier))]


def _content(text: str) -> list[tuple[str, str]]:
    """Return stem and word of what is no stop word, in order."""
    plain = REFERENCE.sub("", text)
    lang = detect(plain) or FALLBACK
    found = [p for p in pieces(plain, lang) if p.role == "word"]
    return [(piece.stem, plain[piece.start : piece.end]) for piece in found]


def _kind(word: str) -> Literal["word", "figure", "day or month"]:
    """Return what a word is: of figures, and of days and months, a question means one."""
    if word.casefold() in _MONTHS:
        return "day or month"
    return "figure" if word[0].isdigit() else "word"


def _names(question: str, earlier: Sequence[ChatMessage]) -> list[str]:
    """Return the names in the last answer that a pronoun for a person may mean."""
    words = {word.casefold() for word in _WORD.findall(question)}
    answer = next((turn.content for turn in earlier if turn.role == "assistant"), "")
    if not words & _PERSON:
        return []
    return list(dict.fromkeys(_NAME.findall(REFERENCE.sub("", answer))))[:MOST_NAMES]


def _shown(question: str, earlier: Sequence[ChatMessage]) -> str:
    told = [
        f"{'Person' if turn.role == 'user' else 'Answer'}: {_one_line(turn.content)[:TURN_CHARACTERS]}"
        for turn in reversed(earlier[:MOST_TURNS])
    ]
    return "\n".join([*told, f"Person: {_one_line(question)}", "", "Search query:"])


def _one_line(text: str) -> str:
    return " ".join(safe(REFERENCE.sub("", text)).split())


def _query_in(text: str) -> str:
    """Return the query that a model wrote; "" for what is none: several lines, or an answer of any length."""
    lines = [line.strip() for line in INVISIBLE.sub("", text).strip().splitlines() if line.strip()]
    if len(lines) != 1 or len(lines[0]) > MAX_CHARACTERS:
        return ""
    return lines[0].removeprefix("Search query:").strip(" \"'`*")


@cache
def _rules() -> str:
    return (Path(__file__).parent / "prompts" / "standalone.md").read_text(encoding="utf-8")
