import pytest

from app.cli_password import read_password
from core.errors import CallerError


@pytest.mark.parametrize(
    "content", ["öffne dich", "öffne dich\nmore\n", "öffne dich\r\n", "\ufefföffne dich"]
)
def test_the_first_line_is_the_password(tmp_path, content):
    path = tmp_path / "password.txt"
    path.write_bytes(content.encode())
    assert read_password(path) == "öffne dich"


def test_without_a_file_there_is_none():
    assert read_password(None) == ""


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"\n", "holds no password"), (b"\xff", "cannot be read"), (None, "cannot be read")],
)
def test_a_file_without_a_password_is_refused(tmp_path, content, problem):
    path = tmp_path / "password.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CallerError, match=problem):
        read_password(path)
