import pytest

from app.resources import SIZES, open_resources
from app.settings import Settings
from core.errors import StartFailed, Unavailable


async def test_every_pool_works_as_its_own_role(opened):
    found = {}
    for name in SIZES["api"]:
        async with getattr(opened, name).read_tx() as conn:
            found[name] = await conn.raw.fetchval("SELECT current_user::text")
    assert found == {
        "app": "recollect_app",
        "search": "recollect_search",
        "signin": "recollect_signin",
        "stream": "recollect_app",
        "worker": "recollect_worker",
    }
    assert opened.has_row_security
    assert await opened.redis.ping()


def test_the_pools_of_all_processes_leave_ten_connections_free():
    assert sum(sum(sizes.values()) for sizes in SIZES.values()) <= 100 - 10


async def test_real_words_are_known_where_the_default_model_is_made(
    opened, settings, model_dir, tmp_path
):
    assert opened.real_words == frozenset()
    (tmp_path / "models").symlink_to(model_dir.parent)
    made = settings.model_copy(update={"recollect_home": tmp_path})
    async with open_resources(made, purpose="cli") as knowing:
        assert knowing.real_words >= {"later", "water"}


@pytest.mark.parametrize("missing", ["database_url", "redis_url"])
async def test_without_a_running_database_the_remedy_is_said(settings, missing):
    with pytest.raises(StartFailed, match="make run"):
        async with open_resources(settings.model_copy(update={missing: None}), purpose="cli"):
            pass


async def test_an_s3_store_needs_its_keys(settings):
    with pytest.raises(StartFailed, match="S3_ACCESS_KEY"):
        async with open_resources(
            settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:1"}), purpose="cli"
        ):
            pass


async def test_a_wrong_database_is_one_line(settings):
    wrong = Settings.model_validate(
        {**settings.model_dump(), "database_url": "postgresql://x@127.0.0.1:1/x"}
    )
    with pytest.raises(Unavailable, match="DATABASE_URL"):
        async with open_resources(wrong, purpose="cli"):
            pass
