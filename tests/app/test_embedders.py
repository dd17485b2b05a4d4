import pytest

from app.embedders import MINILM, embedder_client, local_embedder, needs_process
from app.settings import Settings
from core.errors import StartFailed
from search.embed import EmbedderSpec, FakeEmbedder
from search.embed_onnx import OnnxEmbedder


@pytest.mark.parametrize(
    ("name", "process"),
    [("minilm", True), ("st:/models/x", True), ("openai:m", False), ("fake", False)],
)
def test_only_a_model_on_this_machine_needs_a_process(name, process):
    assert needs_process(Settings.model_validate({"embedder": name})) is process


async def test_each_name_lends_its_embedder(home):
    async def lent(name: str):
        async with embedder_client(
            Settings.model_validate({"embedder": name, "recollect_home": home})
        ) as embedder:
            return embedder

    assert isinstance(await lent("fake"), FakeEmbedder)
    assert (await lent("minilm")).model == MINILM.model
    assert (await lent("st:/models/x")).model == "st:/models/x"
    assert (await lent("openai:text-embedding-3-small")).model == "openai:text-embedding-3-small"


def test_the_default_model_is_what_its_clients_expect(model_dir):
    named = Settings.model_validate({"embedder": "minilm", "recollect_home": model_dir.parents[1]})
    loaded = local_embedder(named)
    assert isinstance(loaded, OnnxEmbedder)
    loaded.close()
    assert EmbedderSpec(loaded.model, loaded.dimension, loaded.max_tokens) == MINILM


@pytest.mark.parametrize("name", ["", "openai:", "word2vec"])
async def test_an_unknown_embedder_is_refused_with_the_names_there_are(name):
    with pytest.raises(StartFailed, match="minilm"):
        async with embedder_client(Settings.model_validate({"embedder": name or "x"})):
            pass
