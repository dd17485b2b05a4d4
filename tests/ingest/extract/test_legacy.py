# ruff: noqa: RUF001  letters that look alike are the point

from pathlib import Path

import pytest

from ingest.extract.legacy import SAMPLE_BYTES, legacy_encoding, not_ascii

DATA = Path(__file__).parents[2] / "data" / "files"
# The first article of the Universal Declaration of Human Rights, as far as it goes.
SAMPLES = {
    "cp1251": "Все люди рождаются свободными и равными",
    "koi8-r": "Все люди рождаются свободными и равными",
    "cp866": "Все люди рождаются свободными и равными",
    "iso8859-5": "Все люди рождаются свободными и равными",
    "cp1252": "Todos los seres humanos nacen libres, según la razón; alle Menschen für Größe",
    "cp1253": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι",
    "cp1250": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności",
    "iso8859-2": "Všichni lidé se rodí svobodní a sobě rovní co do důstojnosti a práv",
    "cp1254": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar",
    "cp1255": "כל בני האדם נולדו בני חורין ושווים",
    "cp1256": "يولد جميع الناس أحرارا متساوين في الكرامة",
    "cp874": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาค",
    "cp932": "すべての人間は、生まれながらにして自由であり",
    "euc_jp": "すべての人間は、生まれながらにして自由であり",
    "gb18030": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心",
    "big5": "人人生而自由,在尊嚴和權利上一律平等。他們賦有理性和良心",
    "cp949": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다",
}


@pytest.mark.parametrize(("encoding", "text"), SAMPLES.items())
def test_a_sentence_tells_its_encoding(encoding, text):
    assert legacy_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize(
    "text",
    ["\u201cHello\u201d, she said \u2013 it\u2019s \u201cgood\u201d", "le général était très âgé", "Få blåbær på Øen", "£5 © 2020 µm", "é", "ASCII"],
)  # fmt: skip
def test_western_texts_are_windows_1252_however_little_speaks_for_it(text):
    assert legacy_encoding(text.encode("cp1252")) == "cp1252"


def test_a_table_of_names_in_japanese():
    """No particle, hardly any kana."""
    table = "名前,年齢,住所\r\n佐藤太郎,30,東京\r\n三木英子,25,大阪\r\n髙橋淳,35,名古屋\r\n"
    assert legacy_encoding(table.encode("cp932")) == "cp932"


def test_only_lines_that_are_not_ascii_are_looked_at():
    assert not_ascii(b"a\n\xe9\nb\n\xe8x\n") == b"\xe9\n\xe8x"
    assert len(not_ascii(b"\xe9\n" * SAMPLE_BYTES)) == SAMPLE_BYTES
