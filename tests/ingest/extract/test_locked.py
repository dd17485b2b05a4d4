from ingest.extract.locked import locked


def test_who_gave_no_password_is_asked_for_it():
    reason = locked("PDF", "")
    assert (reason.code, reason.message, reason.remedy) == (
        "password_needed",
        "The PDF is protected by a password.",
        "Retry it with its password.",
    )


def test_who_gave_another_is_told_so_and_it_is_not_repeated():
    reason = locked("PDF", "sesame")
    assert (reason.code, reason.message, reason.remedy) == (
        "password_wrong",
        "The password does not open the PDF.",
        "Retry it with the right password.",
    )
