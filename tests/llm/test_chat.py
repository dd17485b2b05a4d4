from core.errors import CallerError, Unavailable
from llm.chat import UNSEEN, ChatMessage, Image, ModelRefused, ModelUnavailable


def test_an_image_is_written_into_a_request_as_base64():
    assert Image("image/gif", b"GIF89a").data_uri == "data:image/gif;base64,R0lGODlh"
    assert "GIF89a" not in repr(Image("image/gif", b"GIF89a"))


def test_a_model_that_is_shown_no_images_is_told_so():
    plain = ChatMessage("user", "Who?")
    shown = ChatMessage("user", "Who?", bare="?", images=(Image("image/gif", b""),))
    assert plain.without_images() is plain
    assert shown.without_images() == ChatMessage("user", "Who?" + UNSEEN, bare="?" + UNSEEN)


def test_what_is_unavailable_may_be_asked_again():
    error = ModelUnavailable("overloaded", retry_after_s=7)
    assert (isinstance(error, Unavailable), error.retryable, error.retry_after_s) == (True, True, 7)


def test_what_is_refused_is_the_callers_and_not_asked_again():
    error = ModelRefused("no such model")
    assert (isinstance(error, CallerError), error.retryable, error.message) == (
        True,
        False,
        "no such model",
    )
