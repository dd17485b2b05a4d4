import pytest

from app.blob_owner import adopt_blobs, blob_owner, refuse_anothers
from core.blobs import OWNER_KEY
from core.blobs_folder import FolderBlobs
from core.errors import StartFailed
from tests.make import make_scope
from tests.workers.made import make_file, one


@pytest.fixture
def store(tmp_path):
    return FolderBlobs.open_folder(tmp_path / "blobs")


def pools(resources):
    return {"signin": resources.signin, "worker": resources.worker}


async def test_a_new_installation_takes_a_store_without_a_name(resources, store):
    assert await blob_owner(**pools(resources), blobs=store, only_look=True) == "ours"
    assert await store.stat(OWNER_KEY) is None
    await refuse_anothers(**pools(resources), blobs=store)
    assert await store.stat(OWNER_KEY) is not None
    assert await blob_owner(**pools(resources), blobs=store) == "ours"


async def test_a_store_that_holds_nothing_of_ours_is_nobodys(resources, owner_connection, store):
    scope = await make_scope(owner_connection)
    made = await make_file(owner_connection, resources, scope, b"text")
    assert await blob_owner(**pools(resources), blobs=store) == "nobody's"
    await refuse_anothers(**pools(resources), blobs=store)  # a folder may be mounted later
    await store.put(made.key, one(b"text"), limit_bytes=10)
    assert await blob_owner(**pools(resources), blobs=store) == "ours"


async def test_the_store_of_another_installation_is_refused_until_its_name_is_removed(
    resources, store
):
    await store.put(OWNER_KEY, one(b"another"), limit_bytes=10)
    with pytest.raises(StartFailed, match="remove owner/recollect"):
        await refuse_anothers(**pools(resources), blobs=store)
    await store.delete(OWNER_KEY)
    await refuse_anothers(**pools(resources), blobs=store)
    assert await blob_owner(**pools(resources), blobs=store) == "ours"


async def test_a_store_is_adopted_whoever_it_names(resources, store):
    await store.put(OWNER_KEY, one(b"another"), limit_bytes=10)
    await adopt_blobs(resources.signin, store)
    assert await blob_owner(**pools(resources), blobs=store) == "ours"
