from ingest.extract.markup.xml_roles import BREAKING, ROLES, RUNNING, Role


def test_names_are_local_and_in_lower_case():
    assert all(name == name.lower() and ":" not in name for name in ROLES)


def test_each_role_but_the_unknown_one_has_names():
    assert {*ROLES.values()} == {*Role} - {Role.OTHER}


def test_what_runs_on_or_breaks_a_sentence_is_not_part_of_one():
    assert not {Role.INLINE, Role.PART, Role.OTHER} & (RUNNING | BREAKING)
