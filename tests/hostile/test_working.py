"""Hostile files of all kinds dropped at once, with an innocent person's files among them, on a real worker.

Everything ends, the innocent files whole; nothing is called, nothing is written outside, and the doctor finds nothing broken.
"""

import pytest

from app.doctor import examine
from tests.faults.test_worker import TERMS, until_at_rest
from tests.hostile.corpus import REAL, corpus
from tests.hostile.lure import SECRET, escaped, laid_out
from tests.make import make_scope
from tests.shape.test_reasons import documented
from tests.workers.made import make_file
from workers.main import working

pytestmark = pytest.mark.timeout(600)
# Of each family those that end quickly: what burns time is killed by limits that other tests prove.
DROPPED = (
    "page-tree-cycle.pdf", "million-pages.pdf", "flate-in-flate.pdf", "reaches-out.pdf", "javascript.pdf", "xref-loop.pdf",
    "encrypted-by-garbage.pdf", "deep-arrays.pdf", "attached-way-out.pdf", "lying-length.pdf", "bomb.zip", "bomb-in-bomb.zip",
    "forty-deep.zip", "overlapping.zip", "traversal.zip", "links.zip", "long-name.zip", "documents.zip",
    "links.tar", "devices.tar", "traversal.tar", "giant.tar", "bomb.gz", "thirty-times.gz", "named-way-out.gz", "laughs.docx",
    "passwd.docx", "calls-home.odt", "template-from-afar.docx", "last-cell.xlsx", "link-and-dde.xlsx", "chapter-of-the-machine.epub",
    "deep.rtf", "circle.doc", "garbage.msg", "million-by-million.png", "circle.tiff", "pictures-from-afar.svg", "nul.txt",
    "formula.csv",
    "long-name.json", "aliases.yaml", "giant-picture.ipynb", "calls-home.xml", "everything-from-afar.html", "spans.html",
    "includes.rst", "macro-bomb.tex", "hundred-mails-deep.eml", "attachments-that-want-out.eml", "from-afar.eml",
    "signed-forty-times.p7m", "from-afar.mht",
)  # fmt: skip
REAL_ONES = ("bad2.pdf", "bad34.pdf", "password.pdf", "xmlbomb.xml", "password_protected.xlsx")
INNOCENT = b"# Tides\n\nThe harbour opens at dawn.\n"
AT_REST = ("ready", "partial", "no_text", "failed")


async def test_dropped_at_once_all_end_and_an_innocent_file_is_ready(resources, owner_connection):
    eve, ada = await make_scope(owner_connection, "eve"), await make_scope(owner_connection, "ada")
    innocent = []
    async with laid_out() as lure:
        made = corpus(lure)
        files = {name: made[name]() for name in DROPPED}
        files |= {name: (REAL / name).read_bytes() for name in REAL_ONES}
        for n, (name, data) in enumerate(files.items()):
            await make_file(owner_connection, resources, eve, data, name=name)
            if n % 10 == 0:
                words = INNOCENT + b"Mooring %d is free.\n" % n
                innocent.append(await make_file(owner_connection, resources, ada, words, name=f"{n}.md"))  # fmt: skip
        async with working(resources, TERMS):
            await until_at_rest(owner_connection, within_s=500)
        assert (lure.callers, escaped()) == ([], [])
    rows = await owner_connection.fetch(
        "SELECT f.state, f.reason_code, f.reason, f.remedy, i.title, f.workspace_id = $1 AS is_hers"
        " FROM file f JOIN item i ON i.id = f.id", ada.workspace_id
    )  # fmt: skip
    assert [tuple(row) for row in rows if row["state"] not in AT_REST] == []
    assert [row["state"] for row in rows if row["is_hers"]] == ["ready"] * len(innocent)
    told = [tuple(row) for row in rows if row["state"] in ("failed", "no_text")]
    assert [row for row in told if row[1] not in documented() or not row[2] or not row[3]] == []
    assert [tuple(row) for row in rows if "/" in row["title"] or row["title"] in ("", "..")] == []
    texts = await owner_connection.fetchval(
        "SELECT count(*) FROM text_segment WHERE position($1 IN content) > 0", SECRET
    )
    assert texts == 0
    assert await owner_connection.fetchval("SELECT count(*) FROM job WHERE crashes > 0") == 0
    broken = [each for each in (await examine(resources)).findings if each.level == "broken"]
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []
