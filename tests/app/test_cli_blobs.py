from core.blobs import OWNER_KEY
from tests.workers.made import one


async def test_a_store_that_names_another_is_told_by_the_doctor_and_adopted(
    served, recollect, resources
):
    await resources.blobs.put(OWNER_KEY, one(b"another"), limit_bytes=10)
    told = await recollect("doctor")
    assert "blob_owner: the blob store is that of another installation" in told.stdout
    adopted = await recollect("adopt-blobs")
    assert (adopted.exit_code, "this installation's now" in adopted.output) == (0, True)
    assert "blob_owner" not in (await recollect("doctor")).stdout
