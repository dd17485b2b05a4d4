from ingest.extract.office.slide import slide_text


def test_title_body_and_notes():
    assert slide_text("On\nducks", ["a\n", "", "b\n"], notes="say it\n", page=3) == (
        "# On ducks\n\na\n\nb\n\n## Notes\n\nsay it\n"
    )


def test_a_slide_without_a_title_is_headed_by_its_number():
    assert slide_text("", ["a\n"], notes="", page=3) == "# Slide 3\n\na\n"
    assert slide_text("T", [""], notes="", page=3) == "# T\n"


def test_an_empty_slide_has_no_text():
    assert slide_text("", [""], notes="", page=3) == ""
