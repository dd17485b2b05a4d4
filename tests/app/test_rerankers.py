import pytest

from app.rerankers import asked_reranker, local_reranker, reranker_of_process
from core.errors import StartFailed, Unavailable
from tests.search.tiny_cross_encoder import write_cross_encoder


def with_reranker(settings, folder, name):
    changes = {"reranker": name, "embed_socket": folder / "embed.sock"}
    return settings.model_copy(update=changes)


async def test_the_model_of_the_settings_is_asked_through_the_process(settings, tmp_path):
    folder = write_cross_encoder(tmp_path / "model", {"good": 2.0})
    configured = with_reranker(settings, tmp_path, str(folder))
    async with reranker_of_process(configured):
        reranker = asked_reranker(configured)
        assert reranker is not None
        assert await reranker.score("x", ["bad", "good"]) == [0.0, 2.0]


@pytest.mark.parametrize("spoil", ["nothing there", "no tokenizer"])
async def test_a_model_that_cannot_be_loaded_does_not_end_the_process(settings, tmp_path, spoil):
    folder = tmp_path / "model"
    if spoil == "no tokenizer":
        write_cross_encoder(folder, {"good": 2.0})
        (folder / "tokenizer.json").write_text("{}")
    configured = with_reranker(settings, tmp_path, str(folder))
    async with reranker_of_process(configured):
        reranker = asked_reranker(configured)
        assert reranker is not None
        with pytest.raises(Unavailable, match="could not be loaded"):
            await reranker.score("x", ["good"])


async def test_unset_there_is_none(settings, tmp_path):
    configured = with_reranker(settings, tmp_path, None)
    assert asked_reranker(configured) is None
    async with reranker_of_process(configured):
        assert list(tmp_path.iterdir()) == []


def test_other_models_need_the_extra():
    with pytest.raises(StartFailed, match=r"RERANKER=st:tiny needs the extra|tiny"):
        local_reranker("st:tiny")
