import json

from tests.app.test_doctor_checks import BREAK, make_sound


async def test_what_the_product_made_by_itself_is_healthy(ada, recollect, worker, tmp_path):
    (tmp_path / "a.txt").write_text("The pension starts at the age of sixty-five.")
    assert (await recollect("upload", str(tmp_path / "a.txt"))).exit_code == 0
    assert (await recollect("ask", "When does the pension start?")).exit_code == 0
    assert (await recollect("jobs", "--follow")).exit_code == 0
    ended = await recollect("doctor", "--json")
    report = json.loads(ended.stdout)
    assert [f for f in report["findings"] if f["level"] == "broken"] == []
    assert (ended.exit_code, report["healthy"], report["workspaces"]) == (0, True, 1)


async def test_a_finding_is_told_with_its_remedy_and_exit_code_1(
    served, recollect, owner_connection
):
    scope = await make_sound(owner_connection)
    await owner_connection.execute(BREAK["sequences"], scope.workspace_id)
    ended = await recollect("doctor")
    lines = ended.stdout.splitlines()
    [number] = [n for n, line in enumerate(lines) if "sequences" in line]
    assert lines[number].startswith("broken [I1] sequences: 1 conversations have a gap")
    assert lines[number + 1].strip().startswith("A message is lost")
    assert lines[-1].endswith("over 1 workspaces: something is wrong.")
    assert ended.exit_code == 1


async def test_without_a_database_the_report_is_json_all_the_same(recollect, tmp_path, monkeypatch):
    monkeypatch.setenv("RECOLLECT_HOME", str(tmp_path))
    ended = await recollect("doctor", "--json")
    report = json.loads(ended.stdout)
    assert (ended.exit_code, report["healthy"], report["checks"]) == (1, False, 0)
    [finding] = report["findings"]
    assert (finding["check"], "make run" in finding["wrong"]) == ("start", True)
