import pytest

from ingest.extract.office.number_format import NumberFormat, number_format, shaped


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0%", 0.125, "13%"),
        ("0.00%", 0.07, "7.00%"),
        ("0.0#%", 1 / 3, "33.33%"),
        ("0.0#%", 0.5, "50.0%"),
        ('#,##0.00\\ "€"', 1234.5, "1234.50 €"),
        ("#,##0.00 [$€-407];[Red]-#,##0.00 [$€-407]", -3.005, "-3.01 €"),
        ('_("$"* #,##0.00_);_("$"* (#,##0.00)', 1e6, "$1000000.00"),
        ("[$£-809]#,##0", 0.4, "£0"),
        ("[$£-809]#,##0", 1e300, "1e+300"),
        ("0%", float("inf"), "inf"),
        ("0%", float("nan"), "nan"),
        ("0." + "0" * 200 + "%", 0.5, "0.5"),
        ("0%", 2, "200%"),
    ],
)
def test_a_number_is_shown_with_its_sign_and_rounded(code, value, shown):
    found = number_format(code)
    assert found is not None
    assert found.shown(value) == shown


@pytest.mark.parametrize(
    "code",
    ["", "General", "0.00", "#,##0", "d.m.yyyy", "0.00E+00%", "# ?/?", '0" kg"', "[$CHF] 0", "@", "0,,%", "0 0%", "0.0.0%"],
)  # fmt: skip
def test_other_formats_are_left_alone(code):
    assert number_format(code) is None


@pytest.mark.parametrize("piece", ["[$", "[", '"', "0", "0%", "$-"])
def test_a_code_that_no_program_writes_is_refused_at_once(piece):
    assert number_format(piece * 100_000) is None


def test_words_around_a_number_make_a_format_where_they_are_a_sign():
    assert shaped(" -€ ", " ", least=1, most=2) == NumberFormat("-€ ", "", 1, 2)
    assert shaped(" - ", "", least=1, most=2) is None
    assert shaped("CHF ", "", least=1, most=2) is None
    assert shaped("$" * 300, "", least=1, most=2) is None
