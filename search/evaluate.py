"""How well search ranks on a workspace's own judgements: the same questions under several settings, by search.retrieve().

Judgements are clicks and thumbs (search/feedback.py), each asked again as the person who gave it, or lines of a file. Clicks
favour what stood high in the list they were made on (position bias; Joachims et al., SIGIR 2005), so they flatter the
setting in use: a thumb is worth GRADES, and the report says how many judgements are clicks alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import sqrt
from random import Random
from statistics import mean, stdev
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import InvalidInput
from core.scope import Scope
from search.answer import Hit, Mode, SearchRequest
from search.feedback import Judgement
from search.metrics import ndcg_at_k, recall_at_k, reciprocal_rank
from search.retrieve import Searcher, retrieve

K: Final = 10
DEPTH: Final = 100  # of recall, and the largest page
UP, CLICK, DOWN = GRADES = (3.0, 1.0, 0.0)  # a thumb down says that it was found and is wrong
FEW: Final = 25  # topics; below, two settings differ by chance (Buckley & Voorhees, SIGIR 2000)


@dataclass(frozen=True, slots=True)
class Topic:
    """One question, who asks it, and the grades of what was judged, by id."""

    scope: Scope
    query: str
    qrels: Mapping[UUID, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """The topics that something relevant is known of, and what the judgements were."""

    topics: tuple[Topic, ...]
    judgements: int
    clicks_alone: int
    without_relevant: int = (
        0  # topics of thumbs down alone: no ranking of them is better than another
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to search; `name` is how the command line writes it."""

    name: str
    mode: Mode
    semantic_ratio: float = 0.5
    rerank: bool = False
    recency: float = 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """The measures of each topic under one setting; `degraded` searches ran without a part, `refused` ones not at all."""

    setting: Setting
    ndcg: tuple[float, ...]
    recall: tuple[float, ...]
    reciprocal_rank: tuple[float, ...]
    degraded: int
    refused: int


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one setting's nDCG is above another's: the mean over topics, and the half-width of its 95 % interval."""

    mean: float
    half_width: float | None  # of one topic there is none

    @property
    def is_told(self) -> bool:
        """Say whether the interval leaves zero out."""
        return self.half_width is not None and abs(self.mean) > self.half_width


@dataclass(frozen=True, slots=True)
class _Run:
    """What one search found, each thing once, best first."""

    targets: tuple[str, ...] = ()
    is_degraded: bool = False
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file of judgements."""

    query: str
    relevant: dict[UUID, Annotated[float, Field(ge=0)]] | list[UUID]


_LINE = TypeAdapter(_Line)
DEFAULT_SETTINGS: Final = ("hybrid", "lexical", "semantic", "hybrid@0.25", "hybrid@0.75")
_MODES: Final[Mapping[str, Mode]] = {
    "hybrid": "hybrid",
    "lexical": "lexical",
    "semantic": "semantic",
}


def read_setting(text: str) -> Setting:
    """Return the setting that `lexical`, `semantic`, `hybrid` or `hybrid@0.3` (semantic_ratio) names; +rerank and +recency@2 add to it."""
    base, *more = text.split("+")
    try:
        setting = _base(base, name=text)
        for part in more:
            setting = _with(setting, part)
    except ValueError:
        raise InvalidInput.of(
            "settings",
            "knows lexical, semantic, hybrid and hybrid@0 to hybrid@1, also with +rerank and +recency@0 to"
            f" +recency@10, not {text}",
        ) from None
    return setting


def _base(text: str, *, name: str) -> Setting:
    mode, at, ratio = text.partition("@")
    if mode not in _MODES or (at and mode != "hybrid"):
        raise ValueError
    return Setting(name, _MODES[mode], _within(ratio, most=1) if at else 0.5)


def _with(setting: Setting, part: str) -> Setting:
    if part == "rerank":
        return replace(setting, rerank=True)
    name, _, points = part.partition("@")
    if name != "recency":
        raise ValueError
    return replace(setting, recency=_within(points, most=10))


def _within(text: str, *, most: float) -> float:
    """Return a number from 0 to `most`; raises ValueError for another."""
    if not 0 <= (number := float(text)) <= most:
        raise ValueError
    return number


def judged_by_people(judgements: Sequence[Judgement], workspace_id: UUID) -> Judged:
    """Return a topic for each person and query; `judgements` are in that order."""
    topics = list[Topic]()
    for (account_id, role, query), said in groupby(
        judgements, key=lambda j: (j.account_id, j.role, j.query)
    ):
        qrels = {j.target_id: _grade(j) for j in said}
        topics.append(Topic(Scope(account_id, workspace_id, role), query, qrels))
    relevant = tuple(topic for topic in topics if any(topic.qrels.values()))
    clicks = sum(1 for j in judgements if j.thumb is None)
    return Judged(relevant, len(judgements), clicks, len(topics) - len(relevant))


def judged_in_file(lines: Iterable[str], scope: Scope) -> Judged:
    """Return a topic for each line: `{"query": ..., "relevant": [ids]}`, or `{id: grade}` in place of the list.

    An id is a message's, a file's or a passage's; a line that is something else is InvalidInput with its number.
    """
    topics = tuple(
        _topic(line, number, scope) for number, line in enumerate(lines, start=1) if line.strip()
    )
    return Judged(topics, sum(len(topic.qrels) for topic in topics), 0)


def sampled(judged: Judged, *, most: int) -> Judged:
    """Return the judgements with at most that many topics, drawn by chance and each time the same."""
    if len(judged.topics) <= most:
        return judged
    return replace(judged, topics=tuple(Random(most).sample(judged.topics, most)))


async def evaluate(searcher: Searcher, topics: Sequence[Topic], setting: Setting) -> Scored:
    """Ask every topic under the setting and measure what comes back."""
    runs = [await _run(searcher, topic, setting) for topic in topics]
    qrels = [{str(id_): grade for id_, grade in topic.qrels.items()} for topic in topics]
    pairs = list(zip(runs, qrels, strict=True))
    return Scored(
        setting,
        ndcg=tuple(ndcg_at_k(run.targets, grades, k=K) for run, grades in pairs),
        recall=tuple(recall_at_k(run.targets, grades, k=DEPTH) for run, grades in pairs),
        reciprocal_rank=tuple(reciprocal_rank(run.targets[:K], grades) for run, grades in pairs),
        degraded=sum(run.is_degraded for run in runs),
        refused=sum(run.is_refused for run in runs),
    )


def difference(scored: Scored, baseline: Scored) -> Difference:
    """Return how far nDCG lies above the baseline's, topic by topic (paired, normal approximation)."""
    apart = [a - b for a, b in zip(scored.ndcg, baseline.ndcg, strict=True)]
    half = 1.96 * stdev(apart) / sqrt(len(apart)) if len(apart) > 1 else None
    return Difference(mean(apart), half)


async def _run(searcher: Searcher, topic: Topic, setting: Setting) -> _Run:
    """Search as the topic's person; a query that search refuses finds nothing, under every setting alike."""
    request = SearchRequest(
        q=topic.query,
        mode=setting.mode,
        semantic_ratio=setting.semantic_ratio,
        rerank=setting.rerank,
        recency=setting.recency,
        limit=DEPTH,
        crop=1,
    )
    try:
        answer = await retrieve(searcher, topic.scope, request)
    except InvalidInput:
        return _Run(is_refused=True)
    return _Run(_targets(answer.hits, topic.qrels), is_degraded=bool(answer.degraded))


def _targets(hits: Sequence[Hit], qrels: Mapping[UUID, float]) -> tuple[str, ...]:
    """Return what was found, each once: messages and files, or passages where passages are what was judged."""
    by_passage = any(hit.id in qrels for hit in hits)
    targets = list[UUID]()
    for hit in hits:
        whole = hit.message_id or hit.item_id
        targets.append(hit.id if by_passage and whole not in qrels else whole)
    return tuple(dict.fromkeys(map(str, targets)))


def _grade(judgement: Judgement) -> float:
    if judgement.thumb is None:
        return CLICK
    return UP if judgement.thumb == "up" else DOWN


def _topic(line: str, number: int, scope: Scope) -> Topic:
    try:
        read = _LINE.validate_json(line)
    except ValidationError:
        read = _Line("", {})
    relevant = read.relevant
    qrels = relevant if isinstance(relevant, dict) else dict.fromkeys(relevant, 1.0)
    if not read.query.strip() or not any(qrels.values()):
        wanted = '{"query": "...", "relevant": ["id of a message, file or passage", ...]}'
        raise InvalidInput.of("judgements", f"line {number} is not {wanted}")
    return Topic(scope, read.query, qrels)
