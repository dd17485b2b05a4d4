import pytest

from ingest.extract.members import Output, Skipped, is_junk, listing, safe_path, shown
from ingest.extract.segment import MEMBER_PIECE, Member, Problem, Segment, Unreadable


def write(output: Output):
    yield from output.text("- a\n")
    yield from output.member("a", [b"A" * MEMBER_PIECE + b"B", b"C"])
    yield from output.member("empty", [b""])
    yield from output.problem("odd", "Odd.", "Mend it.")
    yield from output.member("a", [b"D"])
    yield from output.text("- the end")
    yield from output.flush()


ALL = [
    Segment(0, None, None, "- a\n"),
    Member(1, "a", b"A" * MEMBER_PIECE, False),
    Member(1, "a", b"B", False),
    Member(1, "a", b"C", True),
    Problem(2, None, "odd", "Odd.", "Mend it."),
    Member(3, "a (2)", b"D", True),
    Segment(4, None, None, "- the end\n"),
]


@pytest.mark.parametrize("first", range(6))
def test_text_files_and_problems_share_one_run_of_ordinals_that_can_be_gone_on_with(first):
    assert list(write(Output(first, 100))) == [item for item in ALL if item.ordinal >= first]


def test_a_member_that_was_sent_before_is_counted_without_being_read():
    output = Output(1, 100)
    assert output.skips("a")
    assert not output.skips("a")
    assert list(output.member("a", [b"x"])) == [Member(1, "a (2)", b"x", True)]


def test_too_much_text_is_refused():
    with pytest.raises(Unreadable, match="more than 10 characters"):
        list(Output(0, 10).text("eleven char"))


def test_names_that_were_taken_stay_apart():
    output = Output(0, 100)
    paths = ["a/b.txt", "a/b.txt", "a/b (2).txt", ".rc", ".rc"]
    made = [item.path for path in paths for item in output.member(path, [b"x"])]  # pyright: ignore[reportAttributeAccessIssue]
    assert made == ["a/b.txt", "a/b (2).txt", "a/b (2) (2).txt", ".rc", ".rc (2)"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.txt", "a/b.txt"),
        ("./a//b.txt", "a/b.txt"),
        ("a\\b.txt", "a/b.txt"),
        ("a\0/\u202eb.txt", "a/b.txt"),
        ("/etc/passwd", None),
        ("\\\\server\\share", None),
        ("C:\\a.txt", None),
        ("a/../../b", None),
        ("..\\b", None),
        (".", None),
        ("", None),
        ("é" * 200 + ".pdf", "é" * 115 + ".pdf"),
        ("a/" * 900 + "b", "a/" * 490 + "/b"),
    ],
)
def test_a_path_stays_below_its_archive(name, path):
    assert safe_path(name) == path


def test_what_is_left_out_is_said_once_a_reason():
    skipped = Skipped()
    for n in range(1200):
        skipped.add(f"{n}.txt", "encrypted", because="they are encrypted", remedy="Unlock it.")
    skipped.add("\x1b[2J", "unsafe", because="they are links", remedy="Unpack it.")
    assert list(skipped.report(Output(0, 100))) == [
        Problem(
            0,
            None,
            "encrypted",
            "Not taken out, because they are encrypted: 0.txt, 1.txt, 2.txt and 1,197 more.",
            "Unlock it.",
        ),
        Problem(1, None, "unsafe", "Not taken out, because they are links: [2J.", "Unpack it."),
    ]


@pytest.mark.parametrize(
    ("path", "junk"),
    [
        ("__MACOSX/a/._b", True),
        ("a/.DS_Store", True),
        ("Thumbs.db", True),
        ("a/b.db", False),
        (".config", False),
    ],
)
def test_what_programs_leave_behind_is_junk(path, junk):
    assert is_junk(path) is junk


def test_a_listing_is_a_list():
    assert listing(["a", "b/c"]) == "- a\n- b/c\n"


def test_text_is_shown_without_what_cannot_be_seen():
    assert shown(" Grüße\u200b\u2028\ud800 ") == "Grüße"
