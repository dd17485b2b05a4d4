import csv
import subprocess
import sys
from pathlib import Path

import pytest

from search.real_words import load_real_words
from search.terms import fold

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def words(model_dir):
    return load_real_words(model_dir)


def test_whole_words_of_four_letters_are_real_and_parts_and_misspellings_are_not(words):
    real = {"later", "whole", "kind", "able", "water"}
    others = {"recieve", "##ness", "the", "2020", "[UNK]", "unbelievableness"}
    assert words & (real | others) == real
    assert 20_000 < len(words) < 21_000


def test_they_are_folded_as_the_words_of_a_query_are(words):
    assert words & {"wroclaw", "wrocław"} == {"wroclaw"}
    assert [word for word in words if fold(word.casefold()) != word] == []


def test_hardly_a_misspelling_is_among_them(words):
    with (ROOT / "tests/data/spelling/misspellings.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    taken = [row["misspelling"] for row in rows if row["misspelling"].lower() in words]
    assert len(taken) <= len(rows) / 500


def test_without_the_models_folder_there_are_none(tmp_path):
    assert load_real_words(tmp_path / "absent") == frozenset()


def test_reading_them_loads_neither_model_nor_tokenizer(model_dir):
    program = (
        "import sys; from pathlib import Path; from search.real_words import load_real_words;"
        "assert 'later' in load_real_words(Path(sys.argv[1]));"
        "assert not {'onnxruntime', 'tokenizers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(model_dir)], cwd=ROOT, check=True)
