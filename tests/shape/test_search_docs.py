"""docs/search.md is true: its texts are written into a workspace, and every row and answer of the page is asked for."""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import parse_qsl, quote
from uuid import UUID

import httpx
import pytest
from pydantic import BaseModel

from api.notices import hooks, notifications
from api.search import answers as search_answers
from api.search import feedback as search_feedback
from api.search import recent as search_recent
from api.search import saved_searches
from api.search.fields import FACETS, SearchParameters
from api.search.parse import Parsed, ReadFilterAnswer
from api.search.suggest import Suggested, SuggestionAnswer
from api.search.why_not import WhyNotAnswer
from api.wire import Answer
from core.scope import Scope
from search.answer import Kind, LegName, Mode
from search.operators import HOLDINGS, OPERATORS, STATES
from search.why_not import Stage
from tests.make import make_colleague, make_scope
from tests.search.make import embed_all, make_conversation, make_file, make_message
from tests.shape.tree import ROOT

PAGE = (ROOT / "docs/search.md").read_text()
CORPUS = ["label", "kind", "in", "who", "when", "language", "text"]
ASKED = ["typed", "asked with", "found", "because"]
ROUTES = ("suggest", "parse", "why-not", "feedback", "recent")
FENCE = re.compile(r"^```(http|json)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WRITES = ("PATCH /api/messages", "POST /api/conversations")
# Beside what each is where nothing is said.
WAYS = {
    "type": get_args(Kind),
    "mode": get_args(Mode),
    "sort": ("newest", "oldest"),
    "group_by": ("file", "conversation"),
    "highlight": ("html",),
    "recall": ("exact",),
}
OTHER_ANSWERS = (
    Parsed,
    ReadFilterAnswer,
    Suggested,
    SuggestionAnswer,
    WhyNotAnswer,
    search_recent.RecentAnswer,
    search_recent.RecentQueryAnswer,
    search_recent.RememberedAnswer,
    search_feedback.RecordedAnswer,
    search_feedback.SwitchesAnswer,
    saved_searches.SavedSearchAnswer,
    hooks.WebhookAnswer,
    notifications.NotificationAnswer,
    notifications.MatchAnswer,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A row of the page's corpus."""

    label: str
    kind: str
    place: str
    who: str
    when: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """Who asks, and the id of the message or file behind each label."""

    client: httpx.AsyncClient
    ada: Scope
    ids: dict[str, str]

    def labels(self, answer: dict) -> list[str]:
        """Return what was found, each once, best first."""
        known = {id_: label for label, id_ in self.ids.items()}
        return list(dict.fromkeys(known[h["message_id"] or h["file_id"]] for h in answer["hits"]))

    def filled(self, text: str) -> str:
        """Return the text with the ids in the place of `{label}`."""
        return re.sub(r"\{([\w.-]+)\}", lambda m: self.ids.get(m[1], m[0]), text)


def tables(columns: list[str]) -> Iterator[list[str]]:
    """Yield the rows of every table of the page that has these columns, as plain text."""
    is_ours = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            is_ours = False
        elif is_ours and not set(cells[0]) <= {"-"}:
            yield [cell.replace("\\|", "|").strip("`") for cell in cells]
        else:
            is_ours = is_ours or cells == columns


def examples() -> Iterator[tuple[str, object]]:
    """Yield each request of the page with the answer that it shows."""
    blocks = FENCE.findall(PAGE)
    for (kind, text), (after, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "http":
            yield text.strip(), json.loads(answer) if after == "json" else None


def is_within(shown: object, real: object) -> bool:
    """Say whether the answer holds what is shown: `"..."` is anything, objects and lists may hold more."""
    if shown == "...":
        return True
    if isinstance(shown, dict) and isinstance(real, dict):
        return all(key in real and is_within(value, real[key]) for key, value in shown.items())
    if isinstance(shown, list) and isinstance(real, list):
        if "..." in shown:
            start = shown[: shown.index("...")]
            return len(real) >= len(start) and is_within(start, real[: len(start)])
        return len(shown) == len(real) and all(map(is_within, shown, real))
    if isinstance(shown, float) and isinstance(real, float):
        return real == pytest.approx(shown, abs=0.005)
    return shown == real


@pytest.fixture
async def written(resources, owner_connection, signed_in) -> Written:
    ada = await make_scope(owner_connection, "Ada")
    people = {"Ada": ada, "Bob": await make_colleague(owner_connection, ada, "Bob")}
    talks: dict[str, UUID] = {}
    ids: dict[str, str] = {}
    for text in (Text(*cells) for cells in tables(CORPUS)):
        scope = people[text.who]
        at = datetime.now(UTC)
        if text.when != "now":
            at = datetime.fromisoformat(f"{text.when}T12:00Z")
        if text.kind == "message":
            if text.place not in talks:
                talks[text.place] = await make_conversation(owner_connection, ada, text.place)
            id_ = await make_message(
                resources, owner_connection, scope,
                conversation_id=talks[text.place], content=text.text, at=at,
            )  # fmt: skip
        else:
            pages = text.text.split(" // ") if text.text else []
            id_ = await make_file(
                resources, owner_connection, scope, name=text.label, passages=pages
            )
            await place_file(owner_connection, ada, id_, text, at)
        ids[text.label] = str(id_)
    await owner_connection.execute(
        "UPDATE conversation c SET last_seq = (SELECT max(seq) FROM message m WHERE m.conversation_id = c.id)"
    )
    ids |= {title: str(id_) for title, id_ in talks.items()}
    await embed_all(resources, owner_connection, ada)
    client = await signed_in(ada)
    del client.headers["X-Workspace"]  # which would speak louder than `workspace=`
    await client.post("/api/workspaces", json={"name": "Another"})
    return Written(client, ada, ids)


async def place_file(owner, ada, id_, text: Text, at: datetime) -> None:
    """Give the file its folder and date, and let Ada read it."""
    state = "ready" if text.text else "no_text"
    await owner.execute(
        "UPDATE file SET folder = $2, state = $3 WHERE id = $1", id_, text.place, state
    )
    await owner.execute("UPDATE passage SET created_at = $2 WHERE item_id = $1", id_, at)
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')"
        " ON CONFLICT DO NOTHING", ada.workspace_id, id_, ada.account_id,
    )  # fmt: skip


async def ask(written: Written, request: str) -> httpx.Response:
    line, _, body = written.filled(request).partition("\n")
    method, path = line.split(" ", 1)
    path = quote(path, safe="/?&=+%:.-_()*,")
    if not body:
        return await written.client.request(method, path)
    return await written.client.request(method, path, json=json.loads(body))


def is_as_told(found: str, real: list[str]) -> bool:
    """Say whether `a, b`, `a > b` (in this order) or `nothing` was found."""
    if " > " in found:
        return real == found.split(" > ")
    return sorted(real) == ([] if found == "nothing" else sorted(found.split(", ")))


async def test_every_row_finds_what_it_says(written, owner_connection):
    rows = await owner_connection.fetch(
        "SELECT DISTINCT coalesce(message_id, item_id)::text AS id, lang FROM passage"
    )
    told = {written.ids[label]: lang for label, *_, lang, text in tables(CORPUS) if text}
    assert {row["id"]: row["lang"] for row in rows} == told
    wrong = []
    for typed, asked_with, found, _ in tables(ASKED):
        asked = {"q": written.filled(typed), "mode": "lexical", **dict(parse_qsl(asked_with))}
        answer = await written.client.get("/api/search", params=asked)
        real = written.labels(answer.json()) if answer.status_code == 200 else [answer.text]
        if not is_as_told(found, real):
            wrong.append((typed, asked_with, real))
    assert not wrong, "\n".join(map(str, wrong))


def goes_on(real: object) -> Iterator[tuple[str, str]]:
    """Yield what the next request may name of an answer: `{next_cursor}` and `{index_seq}`."""
    if isinstance(real, dict) and "page" in real:
        yield "index_seq", str(real["index_seq"])
        yield "next_cursor", str(real["page"]["next_cursor"])


async def test_every_example_answers_what_it_shows(written, resources, owner_connection):
    wrong = []
    for request, shown in examples():
        answer = await ask(written, request)
        real = answer.json() if answer.content else None
        written.ids.update(goes_on(real))
        if request.startswith(WRITES):  # as the worker does
            await embed_all(resources, owner_connection, written.ada)
        if not is_within(json.loads(written.filled(json.dumps(shown))), real):
            wrong.append(
                (request, answer.status_code, json.dumps(real, indent=1, ensure_ascii=False))
            )
    assert not wrong, "\n\n".join("\n".join(map(str, one)) for one in wrong)


def searches() -> Iterator[dict[str, str]]:
    """Yield the parameters of every search that the page has executed."""
    for typed, asked_with, *_ in tables(ASKED):
        yield {"q": typed, **dict(parse_qsl(asked_with))}
    for request, _ in examples():
        line, _, body = request.partition("\n")
        method, _, asked = line.partition(" /api/search")
        if method == "GET" and asked.startswith("?"):
            yield dict(parse_qsl(asked.removeprefix("?")))
        elif method == "POST" and not asked:
            yield {name: str(value) for name, value in json.loads(body).items()}


def test_every_parameter_is_asked_with_in_each_of_its_ways():
    asked = [pair for search in searches() for pair in search.items()]
    assert set(SearchParameters.model_fields) - {name for name, _ in asked} == set()
    for name, ways in WAYS.items():
        assert set(ways) - {value for asked_name, value in asked if asked_name == name} == set()


def test_every_value_of_has_and_is_is_typed():
    typed = " ".join(search["q"] for search in searches())
    ways = [f"has:{value}" for value in HOLDINGS] + [f"is:{value}" for value in STATES]
    assert [way for way in ways if way not in typed] == []


@pytest.mark.parametrize("name", [*SearchParameters.model_fields, *(f"{op}:" for op in OPERATORS)])
def test_every_parameter_and_operator_is_in_the_page(name):
    assert f"`{name}`" in PAGE


def answers() -> Iterator[type[BaseModel]]:
    for _, kind in inspect.getmembers(search_answers, inspect.isclass):
        if issubclass(kind, Answer) and kind is not Answer:
            yield kind
    yield from OTHER_ANSWERS


@pytest.mark.parametrize("answer", list(answers()), ids=lambda answer: answer.__name__)
def test_every_field_of_an_answer_is_in_the_page(answer):
    names = [field.serialization_alias or name for name, field in answer.model_fields.items()]
    assert [n for n in names if f"`{n}`" not in PAGE and f'"{n}":' not in PAGE] == []


def test_every_route_and_name_is_in_the_page():
    routes = [f"/search/{name}" for name in ROUTES] + ["/saved-searches", "/notifications"]
    named = [f"`{name}`" for name in (*get_args(Stage), *get_args(LegName), ",".join(FACETS))]
    assert [name for name in (*routes, *named) if name not in PAGE] == []
