"""Counting with remembered words is counting with the tokenizer; the fusion's characters per piece are as in search.md."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.wordpiece import characters_per_piece, load_token_counter, load_tokenizer

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def count(model_dir):
    return load_token_counter(model_dir)


@pytest.fixture(scope="session")
def tokenizer(model_dir):
    return load_tokenizer(model_dir)


@pytest.fixture(scope="session")
def whole(model_dir):
    tokenizer = load_tokenizer(model_dir)
    tokenizer.no_truncation()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


SPACES = st.sampled_from(
    [" ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2003", "\u3000"]
)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | SPACES).map(
    "".join
)


@given(text=TEXTS)
def test_remembered_words_count_as_the_whole_text_does(count, whole, text):
    assert count(text) == whole(text)


@given(left=TEXTS, right=TEXTS)
def test_counts_add_up_over_a_space(count, left, right):
    assert count(f"{left} {right}") == count(left) + count(right)


def test_counts_are_of_pieces_without_limit_and_without_special_tokens(count):
    texts = ["", "hello", "unbelievableness", "word " * 1000, "x" * 101, "a\ud800b"]
    assert [count(text) for text in texts] == [0, 1, 2, 1000, 1, 3]


def test_the_tokenizer_cuts_at_the_length_of_the_model_and_does_not_pad(tokenizer):
    lengths = [len(tokenizer.encode(text)) for text in ("word " * 1000, "word")]
    assert lengths == [256, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello world", 11 / 2),  # the space between counts
        ("  hello  ", 5),  # the spaces around do not
        ("hello " + "x" * 101, 6 / 2),  # a word too long is an [UNK]: one piece, no characters
        ("\U0001f600", 0),
        ("", 0),
        ("hello " * 1000, (254 * 6 - 1) / 254),  # what the model does not read does not count
    ],
)
def test_characters_per_piece(tokenizer, text, expected):
    assert characters_per_piece(tokenizer.encode(text)) == expected


def test_english_reads_above_full_trust_and_german_below(tokenizer):
    english = "Which number of the Bible translations were made before the Reformation?"
    german = "Welche Bibelübersetzungen wurden bereits vor der Reformationszeit angefertigt?"
    assert (
        characters_per_piece(tokenizer.encode(english))
        > 4.3
        > characters_per_piece(tokenizer.encode(german))
    )


def test_counting_does_not_load_onnxruntime(model_dir):
    program = (
        "import sys; from pathlib import Path; from search.wordpiece import load_token_counter;"
        "count = load_token_counter(Path(sys.argv[1]));"
        "assert count('two words') == 2; assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(model_dir)], cwd=ROOT, check=True)
