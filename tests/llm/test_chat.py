from core.errors import CallerError, Unavailable
from llm.chat import ModelRefused, ModelUnavailable


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
