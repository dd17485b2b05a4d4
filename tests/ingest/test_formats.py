from importlib import import_module

from ingest.formats import BY_MEDIA_TYPE, BY_SUFFIX, FORMATS


def test_each_format_has_an_extractor_of_its_name():
    for each in FORMATS:
        assert callable(import_module(f"ingest.extract.{each.module}").read), each


def test_no_two_formats_share_a_media_type_or_a_suffix():
    assert len(BY_MEDIA_TYPE) == len(FORMATS)
    assert len(BY_SUFFIX) == sum(len(each.suffixes) for each in FORMATS)


def test_suffixes_are_as_a_lower_case_name_ends():
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in BY_SUFFIX)
