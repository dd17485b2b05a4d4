from uuid import UUID

from app.client_shapes import Created, pages_of


def test_pages_are_named_as_a_person_would():
    assert [pages_of(p) for p in (None, (3, 3), (3, 5))] == ["", ", p. 3", ", p. 3-5"]


def test_a_field_that_a_newer_api_adds_is_left_out():
    body = '{"id": "00000000-0000-0000-0000-000000000001", "new": 1}'
    assert Created.model_validate_json(body) == Created(id=UUID(int=1))
