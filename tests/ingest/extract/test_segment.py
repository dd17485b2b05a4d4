from ingest.extract.segment import clean, too_much_text


def test_only_line_breaks_nuls_and_lone_surrogates_change():
    assert clean("a\r\nb\rc\0d\ud800e\u0301\x0c ﬁ") == "a\nb\ncde\u0301\x0c ﬁ"


def test_a_refusal_names_its_limit():
    reason = too_much_text(20_000_000)
    assert (reason.code, str(reason)) == (
        "too_much_text",
        "The file holds more than 20,000,000 characters of text.",
    )
