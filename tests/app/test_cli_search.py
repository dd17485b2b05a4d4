import json

from app.cli_search import gaps, heading, snippet
from app.client_shapes import AskedQuery, Coverage, Found, Highlight, Hit, Location, Snippet

HIT = Hit(
    type="file",
    title="plan.pdf",
    author="Ada",
    location=Location(pages=(3, 4)),
    snippet=Snippet(text="the\n  pension plan", highlights=[Highlight(start=6, length=7)]),
    match=["lexical", "name"],
)


def test_a_hit_is_two_lines_with_the_words_found_emphasised():
    assert heading(1, HIT).plain == " 1. plan.pdf, p. 3-4, Ada  (file; lexical, name)"
    shown = snippet(HIT)
    assert shown.plain.split() == ["the", "pension", "plan"]
    assert "\n" not in shown.plain
    assert [shown.plain[s.start : s.end] for s in shown.spans if "yellow" in str(s.style)] == [
        "pension"
    ]


def test_what_was_searched_instead_and_what_the_list_does_not_cover_is_said():
    coverage = Coverage(pending=2, no_text=0, failed=1)
    asked = AskedQuery(corrected_text="pension")
    assert gaps(Found(query=asked, hits=[], coverage=coverage, degraded=["semantic"])) == [
        "Searched for: pension (a word in quotes stays as typed)",
        "Not searched in full: 2 still being read, 1 failed.",
        "Without the part semantic, which did not answer.",
    ]


async def test_a_file_is_found_by_its_words_as_a_list_and_as_json(ada, recollect, worker, tmp_path):
    (tmp_path / "plan.txt").write_text("The pension starts at the age of sixty-five.")
    await recollect("upload", str(tmp_path / "plan.txt"))
    await recollect("jobs", "--follow")
    shown = await recollect("search", "--type", "file", "pension", "age")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert " 1. plan.txt, Ada" in shown.stdout
    assert "sixty-five" in shown.stdout
    found = json.loads((await recollect("search", "--json", "--limit", "1", "pension")).stdout)
    assert [hit["title"] for hit in found["hits"]] == ["plan.txt"]
    none = await recollect("search", "--type", "message", "--mode", "lexical", "pension")
    assert (none.stdout, none.stderr) == ("", "Nothing found.\n")


async def test_a_query_that_the_api_refuses_is_one_line(ada, recollect):
    refused = await recollect("search", "--mode", "lexical", "x" * 600)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("recollect: q: ")
