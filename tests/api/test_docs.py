import json
import os
from pathlib import Path

from api.docs import operations
from api.main import create_app
from app.resources import open_resources
from app.settings import Settings

CONTRACT = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_stored_contract_is_what_the_application_says():
    """UPDATE_CONTRACT=1 writes it anew; the difference belongs in the same commit."""
    said = create_app(open_resources(Settings(), purpose="api")).openapi()
    text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_CONTRACT"):
        CONTRACT.write_text(text)
    assert CONTRACT.read_text() == text


def test_every_operation_says_what_it_does_and_how_to_sign_in():
    app = create_app(open_resources(Settings(), purpose="api"))
    described = app.openapi()["paths"]
    found = list(operations(app))
    assert len(found) == sum(len(methods) for methods in described.values())
    for operation in found:
        said = described[operation.path][operation.method.lower()]
        assert said["summary"]
        assert ("security" in said) == (not operation.public)
        assert "422" not in said["responses"]


def test_what_needs_nobody_signed_in_is_a_short_list():
    public = {
        f"{o.method} {o.path}"
        for o in operations(create_app(open_resources(Settings(), purpose="api")))
        if o.public
    }
    assert public == {
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/login",
        "OPTIONS /api/v1/uploads",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }


async def test_the_page_lists_the_operations_and_loads_nothing(client):
    page = (await client.get("/docs")).text
    assert "<code>/api/v1/search</code>" in page
    assert "<script" not in page
    assert "src=" not in page


async def test_the_contract_is_served(client):
    said = (await client.get("/openapi.json")).json()
    assert said["openapi"].startswith("3.1")
    assert said["components"]["schemas"]["ErrorEnvelope"]
