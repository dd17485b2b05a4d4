import io

import pytest

from ingest.extract.archive import open_archive
from ingest.extract.office.xml_parts import Attributes, parse
from ingest.extract.segment import Unreadable
from tests.ingest.make_files import MC, OFFICE, W, make_zip

LAUGHS = (
    """<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>"""
)
OUTSIDE = """<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>"""


class Heard:
    def __init__(self):
        self.events = []

    def start(self, name, attributes):
        self.events.append((name, attributes))

    def data(self, text):
        self.events.append(text)

    def end(self, name):
        self.events.append("/" + name)


def hear(content, part="x.xml"):
    heard = Heard()
    for _ in parse(open_archive(io.BytesIO(make_zip({"x.xml": content}))), part, heard):
        pass
    return heard.events


def test_names_get_their_usual_prefix_and_attributes_none():
    content = f'<x:p xmlns:x={W.partition("=")[2]} {MC} x:a="1"><mc:Fallback/><q/>t&amp;</x:p>'
    assert hear(content) == [
        ("w:p", {"a": "1"}),
        *[("mc:Fallback", {}), "/mc:Fallback", ("?q", {}), "/?q", "t&", "/w:p"],
    ]


def test_references_to_relations_differ_from_other_attributes():
    content = f'<s xmlns:r="{OFFICE}" id="256" r:id="rId2"/>'
    assert hear(content)[0] == ("?s", {"id": "256", "r:id": "rId2"})


def test_an_absent_part_says_nothing():
    assert hear("<r/>", part="y.xml") == []


@pytest.mark.parametrize("content", [LAUGHS, OUTSIDE, "<r><s></r>", "", "<r>", "\x01"])
def test_declared_types_and_broken_xml_are_refused(content):
    with pytest.raises(Unreadable) as caught:
        hear(content or " ")
    assert caught.value.code == "broken_file"


def test_a_document_type_that_stands_elsewhere_is_neither_fetched_nor_minded():
    content = '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r>a&b;c</r>'
    assert hear(content) == [("?r", {}), "ac", "/?r"]


def test_one_attribute_of_each_element_of_a_name():
    content = '<r><s a="1"/><t a="2"/><s b="3">text</s></r>'
    found = Attributes("?s", "a")
    for _ in parse(open_archive(io.BytesIO(make_zip({"x.xml": content}))), "x.xml", found):
        pass
    assert found.found == ["1", ""]
