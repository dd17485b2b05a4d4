import json

import pytest

from app.cli_eval import Report, cautions, table
from core.ids import new_id
from search.embed import FakeEmbedder
from search.evaluate import Judged, Scored, Setting
from search.feedback import Feedback, record
from search.generations import begin
from tests.make import make_scope
from tests.search.make import embed_all, make_file


def scored(name: str, *ndcg: float, degraded: int = 0, refused: int = 0) -> Scored:
    return Scored(Setting(name, "hybrid"), ndcg, ndcg, ndcg, degraded, refused)


def test_settings_stand_side_by_side_and_chance_is_not_called_better():
    lines = table(
        [scored("hybrid", 0.5, 0.5, 0.5), scored("a", 0.6, 0.6, 0.6), scored("b", 1.0, 0.0, 0.6)]
    )
    assert lines == [
        "setting  nDCG@10  recall@100  MRR@10  nDCG against hybrid",
        "hybrid     0.500       0.500   0.500",
        "a          0.600       0.600   0.600  +0.100 ± 0.000 (better)",
        "b          0.533       0.533   0.533  +0.033 ± 0.570 (not told apart)",
    ]
    assert table([scored("hybrid", 0.5), scored("a", 0.25)])[2].endswith("-0.250 (not told apart)")


def test_what_weakens_the_table_is_said():
    judged = Judged((), judgements=9, clicks_alone=4, without_relevant=2)
    told = cautions(Report(judged, (scored("hybrid", 0.5, degraded=3, refused=1),)))
    assert [line.split(":")[0] for line in told] == [
        "0 questions asked, 9 judgements in all.",
        "Too few questions",
        "4 judgements are clicks alone, which favour what stood high when they were made",
        "2 questions have thumbs down alone and were left out.",
        "hybrid",
        "hybrid",
    ]


@pytest.fixture
async def ada_and_file(served, resources, owner_connection):
    scope = await make_scope(owner_connection)
    file_id = await make_file(
        resources, owner_connection, scope, name="plan.txt", passages=["The pension plan."]
    )
    await embed_all(resources, owner_connection, scope)
    return scope, file_id


async def test_it_measures_what_people_here_judged(ada_and_file, recollect, resources):
    scope, file_id = ada_and_file
    async with resources.app.write_tx(scope) as conn:
        await record(conn, scope, Feedback(query="pension", kind="up", file_id=file_id))
    ended = await recollect("eval", "--settings", "lexical,semantic", "--json")
    report = json.loads(ended.stdout)
    assert (ended.exit_code, report["questions"], report["judgements"]) == (0, 1, 1)
    assert [(s["name"], s["ndcg_at_10"], s["degraded"]) for s in report["settings"]] == [
        ("lexical", 1.0, 0),
        ("semantic", 1.0, 0),
    ]
    shown = await recollect("eval", "--settings", "lexical")
    assert shown.stdout.splitlines()[1].split() == ["lexical", "1.000", "1.000", "1.000"]
    assert "pension" not in shown.output
    assert "Too few questions" in shown.stderr


async def test_a_generation_is_measured_beside_the_live_one_before_it_is_promoted(
    ada_and_file, recollect, resources
):
    """Only its own sentences told whether another model is better here."""
    scope, file_id = ada_and_file
    ws, model = scope.workspace_id, FakeEmbedder.model
    async with resources.app.write_tx(scope) as conn:
        await record(conn, scope, Feedback(query="pension", kind="up", file_id=file_id))
    async with resources.worker.tenant_tx(ws) as conn:
        made = await begin(
            conn, ws, model="multilingual-e5-small", dimension=384, is_automatic=False
        )
    asked = ("eval", "--settings", "semantic,lexical", "--generation")
    early = await recollect(*asked, "e5")
    assert (early.exit_code, "The generation is building" in early.stderr) == (1, True)
    absent = await recollect(*asked, "none")
    assert (absent.exit_code, "There is no generation none" in absent.stderr) == (1, True)
    async with resources.worker.tenant_tx(ws) as conn:
        # One of the same model, which is here; what differs is that it holds no vector.
        await conn.raw.execute(
            "UPDATE generation SET state = 'retired', model = $1, self_recall = 0.5 WHERE id = $2",
            model,
            made,
        )
    ended = await recollect(*asked, str(made), "--json")
    assert ended.exit_code == 0, (ended.stderr, ended.exception)
    report = json.loads(ended.stdout)
    assert [(s["name"], s["ndcg_at_10"], s["degraded"]) for s in report["settings"]] == [
        ("semantic", 1.0, 0),
        (f"semantic by {model}", 0.0, 0),
        ("lexical", 1.0, 0),
    ]
    assert (report["generation"]["id"], report["generation"]["state"]) == (str(made), "retired")
    assert f"{model} is retired, and finds 50% of its own sentences." in report["cautions"]


async def test_a_file_of_judgements_takes_their_place(ada_and_file, recollect, tmp_path):
    _, file_id = ada_and_file
    golden = tmp_path / "golden.jsonl"
    golden.write_text(json.dumps({"query": "plan", "relevant": [str(file_id)]}))
    ended = await recollect("eval", "--judgements", str(golden), "--settings", "lexical", "--json")
    assert json.loads(ended.stdout)["settings"][0]["mrr_at_10"] == 1.0


async def test_without_judgements_or_with_bad_ones_the_remedy_is_said(
    ada_and_file, recollect, tmp_path
):
    none = await recollect("eval")
    assert (none.exit_code, "thumbs up" in none.stderr) == (1, True)
    (tmp_path / "bad.jsonl").write_text("{}")
    bad = await recollect("eval", "--judgements", str(tmp_path / "bad.jsonl"))
    assert (bad.exit_code, "line 1 is not" in bad.stderr) == (1, True)
    absent = await recollect("eval", "--judgements", str(tmp_path / "none.jsonl"))
    assert (absent.exit_code, "cannot be read" in absent.stderr) == (1, True)
    foreign = await recollect("eval", "--workspace", str(new_id()))
    assert (foreign.exit_code, "belongs to no workspace" in foreign.stderr) == (1, True)
    unknown = await recollect("eval", "--settings", "magic")
    assert (unknown.exit_code, "settings: knows" in unknown.stderr) == (1, True)
