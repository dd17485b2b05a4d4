import pytest

from app.embedders import (
    AskedModels,
    Languages,
    LocalModels,
    asked_models,
    computes_here,
    first_model,
    needs_process,
    wanted_model,
)
from app.model_recipes import E5, MINILM
from app.settings import Settings
from core.errors import StartFailed
from search.embed import EmbedderSpec, FakeEmbedder
from search.embed_lazy import LazyEmbedder
from search.embed_onnx import OnnxEmbedder


def given(name: str, **more) -> Settings:
    return Settings.model_validate({"embedder": name, **more})


def spec_of(embedder) -> EmbedderSpec:
    return EmbedderSpec(embedder.model, embedder.dimension, embedder.max_tokens)


@pytest.mark.parametrize(
    ("name", "process"),
    [("auto", True), ("st:/models/x", True), ("openai:m", True), ("fake", False)],
)
def test_only_the_fake_needs_no_process(name, process):
    assert needs_process(given(name)) is process


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("auto", MINILM.spec.model),
        ("minilm", MINILM.spec.model),
        ("e5", E5.spec.model),
        ("st:/models/x", "st:/models/x"),
        ("openai:text-embedding-3-small", "openai:text-embedding-3-small"),
        ("fake", FakeEmbedder.model),
    ],
)
async def test_each_setting_names_the_model_of_first_generations(name, model):
    assert first_model(given(name)) == model
    async with asked_models(given(name)) as models:
        assert models.default.model == model


@pytest.mark.parametrize("name", ["openai:", "word2vec"])
def test_an_unknown_embedder_is_refused_with_the_names_there_are(name):
    with pytest.raises(StartFailed, match="auto, minilm, e5"):
        first_model(given(name))


async def test_models_of_older_generations_can_still_be_asked():
    async with asked_models(given("openai:new")) as models:
        found = [
            models.find(name)
            for name in ("openai:old", E5.spec.model, "st:/x", "fake-bag-of-words")
        ]
        assert [embedder and embedder.model for embedder in found] == [
            "openai:old", E5.spec.model, "st:/x", None,
        ]  # fmt: skip
        assert models.find("openai:old") is found[0]


async def test_a_vendors_model_may_have_a_dimension_of_its_own():
    async with asked_models(given("openai:large@1024")) as models:
        plain = models.find("openai:large")
        assert plain is not None
        assert [(e.model, e.dimension) for e in (models.default, plain)] == [
            ("openai:large@1024", 1024), ("openai:large", 384),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "here"), [(E5.spec.model, True), ("st:/x", True), ("openai:m", False)]
)
def test_a_vendors_model_computes_elsewhere(model, here):
    assert computes_here(model) is here


def test_the_fake_is_alone():
    models = AskedModels(given("fake"))
    assert models.find(MINILM.spec.model) is None
    assert isinstance(models.find(FakeEmbedder.model), FakeEmbedder)


def test_the_process_loads_the_settings_model_at_once_and_others_later(model_dir):
    models = LocalModels(given("auto", recollect_home=model_dir.parents[1]))
    other = models.find(E5.spec.model)
    assert isinstance(models.default, OnnxEmbedder)
    models.default.close()
    assert spec_of(models.default) == MINILM.spec
    assert isinstance(other, LazyEmbedder)
    assert (spec_of(other), models.find(E5.spec.model)) == (E5.spec, other)
    assert models.find("openai:m") is None


def test_beside_a_vendors_model_nothing_is_loaded_at_once(tmp_path):
    models = LocalModels(given("openai:m", recollect_home=tmp_path))
    assert isinstance(models.default, LazyEmbedder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "model", "foreign", "wanted"),
    [
        ("auto", MINILM.spec.model, 5, None),
        ("auto", MINILM.spec.model, 99, None),
        ("auto", MINILM.spec.model, 100, E5.spec.model),
        ("auto", E5.spec.model, 0, None),
        ("auto", "openai:m", 0, MINILM.spec.model),
        ("auto", "openai:m", 900, E5.spec.model),
        ("minilm", MINILM.spec.model, 900, None),
        ("minilm", E5.spec.model, 900, MINILM.spec.model),
        ("e5", MINILM.spec.model, 0, E5.spec.model),
        ("openai:m", MINILM.spec.model, 0, "openai:m"),
        ("fake", FakeEmbedder.model, 900, None),
    ],
)
def test_the_languages_decide_unless_the_setting_does(setting, model, foreign, wanted):
    held = Languages(model, detected=1000, english=1000 - foreign)
    assert wanted_model(given(setting), of=held) == wanted


def test_a_handful_of_foreign_passages_decides_nothing():
    held = Languages(MINILM.spec.model, detected=40, english=21)
    assert wanted_model(given("auto"), of=held) is None
