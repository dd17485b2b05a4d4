from api.files.compare import MOST_CHARACTERS, MOST_LINES, Changes, compare

LINES = [f"Line {n}" for n in range(1, 41)]


def text(**changed: str) -> str:
    return "\n".join(changed.get(f"at_{n}", line) for n, line in enumerate(LINES, 1))


def test_equal_texts_have_no_diff():
    assert compare(text(), text()) == Changes(0, 0, "", is_cut=False)


def test_each_change_stands_between_three_equal_lines():
    found = compare(text(), text(at_10="Other", at_30="Line 30\nmore"))
    assert found.diff.split("\n") == [
        "@@ -7,7 +7,7 @@", " Line 7", " Line 8", " Line 9", "-Line 10", "+Other", " Line 11", " Line 12", " Line 13",
        "@@ -28,6 +28,7 @@", " Line 28", " Line 29", " Line 30", "+more", " Line 31", " Line 32", " Line 33",
    ]  # fmt: skip
    assert (found.added, found.removed, found.is_cut) == (2, 1, False)


def test_a_change_at_either_end_is_found():
    assert compare("a\nb", "x\nb").diff == "@@ -1,2 +1,2 @@\n-a\n+x\n b"
    assert compare("a\nb", "a\nb\nc").diff == "@@ -1,2 +1,3 @@\n a\n b\n+c"
    assert compare("", "a").diff == "@@ -1,1 +1,1 @@\n-\n+a"
    assert compare("a\na\na", "a\na").removed == 1


def test_texts_that_would_take_long_are_told_as_replaced():
    many = [str(n) for n in range(MOST_LINES + 1)]
    found = compare("\n".join(many), "\n".join(reversed(many)))
    assert (found.added, found.removed) == (len(many), len(many))
    alike = compare("x\ny\n" * 500 + "a", "y\nx\n" * 500 + "b")
    assert (alike.added, alike.removed) == (1001, 1001)


def test_a_long_diff_is_cut():
    found = compare("", "word " * MOST_CHARACTERS)
    assert (len(found.diff), found.is_cut) == (MOST_CHARACTERS, True)
