"""An answer of nothing but what its citations bear out (`citations: required`), tried once more where claims had to be left out.

Both answers are checked before a word of them is shown, and only the better one is. The second try is told which claims of
the first lacked support, in words that can be no instruction: one line each, bounded, without markers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.events import Feed
from llm.chat import ChatMessage, ChatModel, Usage
from llm.generate import Draft, Task, draft
from llm.prompt import abstained, said_again
from llm.run_log import Ending, RunLog, RunState

MOST_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class Try:
    """What is kept of a try in the run's trace: how it ended, and how many claims it kept and lost."""

    state: RunState
    kept: int
    left_out: int
    usage: Usage | None
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Supported:
    ending: Ending
    tries: tuple[Try, ...]


async def generate_supported(
    model: ChatModel, task: Task, *, log: RunLog, feed: Feed, tries: int = MOST_TRIES
) -> Supported:
    """Append the better of the model's answers to the log and return how it ended, with the tokens of all."""
    drafts = [await draft(model, task, log=log, feed=feed)]
    while len(drafts) < tries and _is_worth_another(drafts[-1]):
        again = replace(task, messages=_again(task.messages, drafts[-1].left_out))
        drafts.append(await draft(model, again, log=log, feed=feed))
    best = max(drafts, key=_worth)  # of equals the first
    await log.append_pieces(best.pieces)
    ending = replace(best.ending, usage=_sum([each.ending.usage for each in drafts]))
    if drafts[-1].ending.state == "stopped":
        ending = replace(ending, state="stopped")
    return Supported(ending, tuple(_told(each, is_shown=each is best) for each in drafts))


def _is_worth_another(first: Draft) -> bool:
    """Say whether claims were left out of an answer that came to its end; that there is none to give is no claim."""
    ended = first.ending.state in ("complete", "abstained")
    return ended and bool(first.left_out) and not abstained(" ".join(first.left_out))


def _worth(made: Draft) -> tuple[bool, int, int]:
    """Rank an answer: one that came to its end, then by the claims it keeps, then by how few it lost."""
    ended = made.ending.state in ("complete", "abstained")
    return ended, made.kept, -len(made.left_out)


def _again(messages: Sequence[ChatMessage], claims: Sequence[str]) -> Sequence[ChatMessage]:
    *before, asked = messages
    more = said_again(claims)
    bare = None if asked.bare is None else f"{asked.bare}\n\n{more}"
    return (*before, replace(asked, content=f"{asked.content}\n\n{more}", bare=bare))


def _sum(usages: Sequence[Usage | None]) -> Usage | None:
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    return Usage(sum(u.input_tokens for u in known), sum(u.output_tokens for u in known))


def _told(made: Draft, *, is_shown: bool) -> Try:
    ending = made.ending
    return Try(ending.state, made.kept, len(made.left_out), ending.usage, is_shown)
