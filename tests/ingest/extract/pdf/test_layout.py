from ingest.extract.pdf.layout import Word, lines

LEFT = ("The left column tells of harbours", "and of ships that leave at dawn", "with the people who tend lamps", "and of nobody else at all")  # fmt: skip
RIGHT = ("On the right a second story", "begins with an old baker who", "counts his loaves every night and", "sells them all at noon")  # fmt: skip


def words(text, *, left, bottom, height=10.0, starts_line=True, advance=5.0):
    """Words in a type whose letters are all as wide."""
    found = []
    for number, word in enumerate(text.split()):
        right = left + advance * len(word)
        found.append(Word(word, left, right, bottom, bottom + height, starts_line and number == 0))
        left = right + advance
    return found


def rows(left, right, *, across_is_new_line=False):
    found = []
    for number, (one, other) in enumerate(zip(left, right, strict=True)):
        bottom = 700 - 12 * number
        found += words(one, left=50, bottom=bottom)
        found += words(other, left=320, bottom=bottom, starts_line=across_is_new_line)
    return found


def test_lines_stay_as_the_file_draws_them():
    drawn = [
        *words("second on the page", left=50, bottom=100),
        *words("first", left=50, bottom=700),
    ]
    assert lines(drawn) == ["second on the page", "first"]
    assert lines([]) == []


def test_columns_of_prose_drawn_row_by_row_are_read_column_by_column():
    assert lines(rows(LEFT, RIGHT)) == [*LEFT, *RIGHT]
    assert lines(rows(LEFT, RIGHT, across_is_new_line=True)) == [*LEFT, *RIGHT]


def test_a_line_across_both_columns_parts_them():
    title = words("A title that goes across the page and both of its columns", left=50, bottom=640)
    below = [w._replace(bottom=w.bottom - 100, top=w.top - 100) for w in rows(LEFT, RIGHT)]
    found = lines([*rows(LEFT, RIGHT), *title, *below])
    assert found == [*LEFT, *RIGHT, " ".join(w.text for w in title), *LEFT, *RIGHT]


def test_rows_of_a_table_stay_rows():
    names, values = ("Lamps", "Ships", "Bakers", "Loaves", "Nights"), ("12", "3", "1", "240", "365")
    assert lines(rows(names, values)) == [f"{n} {v}" for n, v in zip(names, values, strict=True)]


def test_columns_drawn_one_after_the_other_stay_so():
    drawn = [w for n, text in enumerate(LEFT) for w in words(text, left=50, bottom=700 - 12 * n)]
    drawn += [w for n, text in enumerate(RIGHT) for w in words(text, left=320, bottom=700 - 12 * n)]
    assert lines(drawn) == [*LEFT, *RIGHT]


def test_what_follows_a_raised_letter_goes_on_in_its_line():
    name = words("Karpukhin", left=50, bottom=100)
    star = words("*", left=name[-1].right, bottom=104, height=6, starts_line=False, advance=3)
    rest = words(", Barlas", left=98.5, bottom=100)
    assert lines([*name, *star, *rest]) == ["Karpukhin *, Barlas"]


def test_a_hyphen_ends_its_line():
    drawn = [*words("exam\ufffe", left=50, bottom=100), *words("ple", left=70, bottom=100)]
    assert lines(drawn) == ["exam\ufffe", "ple"]


def test_text_along_another_direction_is_left_alone():
    drawn = [Word(f"word{n}", 50, 60, 100 * n, 100 * n + 80, n % 2 == 0) for n in range(4)]
    assert lines(drawn) == ["word0 word1", "word2 word3"]
