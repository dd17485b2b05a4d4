"""`recollect eval`: how well search ranks on a workspace's own judgements, under several settings side by side.

Reads judgements and searches as the people who gave them, so it runs where the database is; it prints numbers, no query.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Annotated, Final

import orjson
import typer

from app.cli_eval_replies import show_replies
from app.cli_generations import SHORT
from app.cli_identity import User, find_scope
from app.cli_output import errors_as_lines, out, say
from app.embedded import with_running_services
from app.resources import Resources, open_resources
from app.settings import Settings
from core.errors import Conflict, InvalidInput, NotFound, StartFailed
from core.scope import Scope
from search.evaluate import (
    DEFAULT_SETTINGS,
    DEPTH,
    FEW,
    Judged,
    K,
    Scored,
    Setting,
    difference,
    evaluate,
    judged_by_people,
    judged_in_file,
    read_setting,
    sampled,
)
from search.feedback import list_judgements
from search.generations import Generation, State, list_generations
from search.retrieve import Searcher

BUILT: Final[frozenset[State]] = frozenset(("ready", "active", "retired"))
PATIENCE_S = 10.0  # of each leg: ranking is measured here, not speed


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say; the first setting is the one that the others are compared with."""

    email: str | None
    workspace: str | None
    judgements: Path | None
    most: int
    settings: tuple[Setting, ...]
    generation: str | None


def evaluate_search(  # noqa: PLR0913  (the options of a command)
    judgements: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help='Lines {"query": ..., "relevant": \\[ids]} in place of clicks and thumbs.',
        ),
    ] = None,
    *,
    settings: Annotated[
        str, typer.Option(help="Ways to search; the others are compared with the first.")
    ] = ",".join(DEFAULT_SETTINGS),
    workspace: Annotated[
        str | None, typer.Option(metavar="ID", help="Workspace; else the account's own.")
    ] = None,
    most: Annotated[
        int,
        typer.Option(min=1, help="Questions asked under each setting, drawn by chance if more."),
    ] = 500,
    generation: Annotated[
        str | None,
        typer.Option(
            metavar="GENERATION",
            help="Also with the vectors of this generation (id or model) in place of the live ones.",
        ),
    ] = None,
    replies: Annotated[
        bool,
        typer.Option(
            "--replies", help="Count the thumbs on each model's replies in place of all this."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measures as JSON.")] = False,
    user: User = None,
) -> None:
    """Measure search on what people here judged: nDCG, recall and MRR under several settings."""
    with errors_as_lines():
        named = tuple(read_setting(name.strip()) for name in settings.split(","))
        asked = Asked(user, workspace, judgements, most, named, generation)
        if replies:
            _show_replies(asked, as_json=as_json)
        else:
            _show(asyncio.run(_evaluate(asked)), as_json=as_json)


def _show_replies(asked: Asked, *, as_json: bool) -> None:
    if asked.judgements is not None or asked.generation is not None:
        raise InvalidInput.of(
            "replies", "are judged by thumbs alone, not by a file or with a generation"
        )
    show_replies(asked.email, asked.workspace, as_json=as_json)


def _show(report: "Report", *, as_json: bool) -> None:
    if as_json:
        print(report_json(report))
        return
    for line in table(report.scored):
        out().print(line, markup=False)
    for line in cautions(report):
        say(line)


@dataclass(frozen=True, slots=True)
class Report:
    """What was judged, the measures of each setting in the order asked for, and the generation that was tried beside the live one."""

    judged: Judged
    scored: tuple[Scored, ...]
    tried: Generation | None = None


async def _evaluate(asked: Asked) -> Report:
    running = with_running_services(Settings())
    if running.database_url is None:
        raise StartFailed(
            f"Nothing runs for {running.recollect_home}: start it with `make run`; evaluation reads its database"
        )
    async with open_resources(running, purpose="cli") as resources:
        scope = await find_scope(resources, email=asked.email, workspace=asked.workspace)
        judged = sampled(await _judged(resources, scope, asked.judgements), most=asked.most)
        tried = await _tried(resources, scope, asked.generation)
        scored = list[Scored]()
        for setting, searcher in _sides(_patient_searcher(resources), asked.settings, tried):
            say(f"asking {len(judged.topics)} questions: {setting.name}")
            scored.append(await evaluate(searcher, judged.topics, setting))
    return Report(judged, tuple(scored), tried)


async def _tried(resources: Resources, scope: Scope, named: str | None) -> Generation | None:
    """Return the newest generation of that id or model, if all its vectors are there."""
    if named is None:
        return None
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        for one in await list_generations(conn, scope.workspace_id):
            if named == str(one.id) or SHORT.get(named, named) == one.model:
                if one.state not in BUILT:
                    raise Conflict(
                        f"The generation is {one.state}: it can be tried when it is ready."
                    )
                return one
    raise NotFound(f"There is no generation {named}: `recollect generations` shows those there are")


def _sides(
    searcher: Searcher, settings: Sequence[Setting], tried: Generation | None
) -> Iterator[tuple[Setting, Searcher]]:
    """Yield each setting and, where it uses vectors, the same with those of the generation tried."""
    for setting in settings:
        yield setting, searcher
        if tried is not None and setting.mode != "lexical":
            name = f"{setting.name} by {tried.model}"
            yield replace(setting, name=name), searcher.by_generation(tried.id)


async def _judged(resources: Resources, scope: Scope, file: Path | None) -> Judged:
    if file is not None:
        try:
            lines = await asyncio.to_thread(file.read_text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput.of("judgements", f"{file} cannot be read: {error}") from error
        judged = judged_in_file(lines.splitlines(), scope)
    else:
        async with resources.worker.tenant_tx(scope.workspace_id) as conn:
            judged = judged_by_people(
                await list_judgements(conn, scope.workspace_id), scope.workspace_id
            )
    if not judged.topics:
        raise InvalidInput.of(
            "judgements",
            "there are none that call anything relevant: give thumbs up on hits (POST /api/search/feedback), "
            "or name a file with --judgements",
        )
    return judged


def _patient_searcher(resources: Resources) -> Searcher:
    return Searcher(
        search_pool=resources.search, read_pool=resources.app, embedder=resources.embedder, redis=None,
        other_models=resources.other_models, cursor_key=b"",
        semantic_timeout_s=PATIENCE_S, lexical_timeout_s=PATIENCE_S, reranker=resources.reranker,
        real_words=resources.real_words,
    )  # fmt: skip


def table(scored: Sequence[Scored]) -> list[str]:
    """Return the measures side by side; the last column says how far nDCG is from the first setting's, where that is known."""
    width = max(len("setting"), *(len(one.setting.name) for one in scored))
    head = f"{'setting':<{width}}  nDCG@{K}  recall@{DEPTH}  MRR@{K}  nDCG against {scored[0].setting.name}"
    return [head, *(_row(one, scored[0], width) for one in scored)]


def _row(one: Scored, baseline: Scored, width: int) -> str:
    measures = (
        f"{mean(one.ndcg):>7.3f}  {mean(one.recall):>10.3f}  {mean(one.reciprocal_rank):>6.3f}"
    )
    if one is baseline:
        return f"{one.setting.name:<{width}}  {measures}"
    apart = difference(one, baseline)
    half = "" if apart.half_width is None else f" ± {apart.half_width:.3f}"
    verdict = ("better" if apart.mean > 0 else "worse") if apart.is_told else "not told apart"
    return f"{one.setting.name:<{width}}  {measures}  {apart.mean:+.3f}{half} ({verdict})"


def cautions(report: Report) -> list[str]:
    """Return what a reader must know before acting on the table."""
    judged = report.judged
    lines = [f"{len(judged.topics)} questions asked, {judged.judgements} judgements in all."]
    if len(judged.topics) < FEW:
        lines.append(
            f"Too few questions: below {FEW} the order of settings is mostly chance; 50 are worth a decision."
        )
    if judged.clicks_alone:
        lines.append(
            f"{judged.clicks_alone} judgements are clicks alone, which favour what stood high when they were made: "
            "they flatter the setting in use. Thumbs, or a file of judgements, do not."
        )
    if judged.without_relevant:
        lines.append(
            f"{judged.without_relevant} questions have thumbs down alone and were left out."
        )
    if report.tried is not None:
        own = report.tried.self_recall
        told = "" if own is None else f", and finds {own:.0%} of its own sentences"
        lines.append(f"{report.tried.model} is {report.tried.state}{told}.")
    for one in report.scored:
        if one.degraded:
            lines.append(
                f"{one.setting.name}: {one.degraded} searches ran without a part (is the embedder running, a reranker configured?); "
                "do not compare this row."
            )
        if one.refused:
            lines.append(f"{one.setting.name}: {one.refused} questions were refused and count 0.")
    return lines


def report_json(report: Report) -> str:
    """Return the report as one JSON object."""
    return orjson.dumps(
        {
            "questions": len(report.judged.topics),
            "judgements": report.judged.judgements,
            "clicks_alone": report.judged.clicks_alone,
            "cautions": cautions(report),
            "generation": report.tried,
            "settings": [
                {
                    "name": one.setting.name,
                    f"ndcg_at_{K}": mean(one.ndcg),
                    f"recall_at_{DEPTH}": mean(one.recall),
                    f"mrr_at_{K}": mean(one.reciprocal_rank),
                    "difference": difference(one, report.scored[0]),
                    "degraded": one.degraded,
                    "refused": one.refused,
                }
                for one in report.scored
            ],
        },
        default=str,  # asyncpg has a UUID class of its own
        option=orjson.OPT_INDENT_2,
    ).decode()
