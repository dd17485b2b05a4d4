from ingest.build import PIPELINE_VERSION
from tests.api.uploading import TEXT, read, upload
from tests.make import make_colleague, make_scope


async def test_a_workspace_is_counted_for_its_admins(signed_in, resources, owner_connection):
    scope = await make_scope(owner_connection)
    ada = await signed_in(scope)
    file = await upload(ada)
    await read(resources)
    await upload(ada, TEXT, "copy.md")
    gone = await upload(ada, b"Gone.", "gone.txt")
    await ada.delete(f"/api/files/{gone['id']}")
    await owner_connection.execute(
        "UPDATE build SET pipeline_version = 0 WHERE file_id = $1", file["id"]
    )
    answer = await ada.get("/api/admin/stats")
    assert answer.json() == {
        "files": {"queued": 1, "ready": 1},
        "formats": [
            {"media_type": "text/markdown", "files": 1, "searchable": 1, "size_bytes": len(TEXT)}
        ],
        "jobs": [
            {"kind": "ingest_file", "state": state, "jobs": 1}
            for state in ("cancelled", "done", "queued")
        ],
        "versions": 3,
        "in_bin": 1,
        "stale": 1,
        "pipeline_version": PIPELINE_VERSION,
        "passages": 1,
        "stored_bytes": len(TEXT) + len(b"Gone."),
    }
    bob = await signed_in(await make_colleague(owner_connection, scope))
    assert (await bob.get("/api/admin/stats")).status_code == 403
