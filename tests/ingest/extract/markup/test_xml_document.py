from xml.parsers import expat

import pytest

from ingest.extract.markup.xml_document import Document
from ingest.extract.segment import Properties


def read(content):
    document = Document()
    parser = expat.ParserCreate()
    parser.StartElementHandler = document.start
    parser.EndElementHandler = document.end
    parser.CharacterDataHandler = document.data
    parser.Parse(content, True)
    return document


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<article><title>T</title><sec><title>A</title><p>x</p><sec><title>B</title></sec></sec></article>", "# T\n\n## A\n\nx\n\n### B\n"),
        ("<r><heading level='2'>H</heading><h3>I</h3></r>", "### H\n\n### I\n"),
        ("<r><p>a <b>b</b><sub>2</sub>, <x>c</x>.</p></r>", "a b2, c.\n"),
        ("<r>a <unknown>b</unknown> c<d>e</d></r>", "a b c e\n"),
        ("<r><list><list-item><p>a</p><p>b</p></list-item><list-item>c<ul><li>d</li></ul></list-item></list></r>", "- a\n  b\n- c\n  - d\n"),
        ("<r><table><tr><th>a</th><td><p>b</p>c</td></tr></table></r>", "a | b c\n"),
        ("<r><programlisting>\na\n  b\n</programlisting></r>", "a\n  b\n"),
        ("<r><c code='US' id='1' n='7'/><d unit='kg'>5 lb</d><e w='xx yy'><f>g</f></e></r>", "- c (code: US)\n- d (unit: kg): 5 lb\n- e (w: xx yy)\n- f: g\n"),
        ("<r><a1><b1>x</b1></a1><a1><b1>y</b1></a1></r>", "- b1: x\n\n- b1: y\n"),
        ("<r><text>said</text><long>" + "w " * 150 + "</long></r>", "said\n\n" + "w " * 149 + "w\n"),
        ("<r><d>&lt;p&gt;a &lt;b&gt;b&lt;/b&gt;&lt;/p&gt;&lt;p&gt;c</d></r>", "a b\n\nc\n"),
        ("<r><q>1 &lt; 2</q></r>", "1 < 2\n"),
        ("<rss><channel><title>F</title><link>u</link><item><title>I</title><guid>g</guid></item></channel></rss>", "# F\n\n- link: u\n\n## I\n\n- guid: g\n"),
        ("<article><ref><mixed-citation><name><surname>A</surname><given-names>B</given-names></name>, <article-title>T</article-title>.</mixed-citation></ref></article>", "A B, T.\n"),
        ("<r><p>x <m:math xmlns:m='u'><m:mi>a</m:mi><m:mo>=</m:mo><m:annotation>z</m:annotation></m:math></p></r>", "x a=\n"),
    ],
)  # fmt: skip
def test_elements_become_light_structure(content, expected):
    assert read(content).blocks.drain() == expected


def test_a_paper_says_who_wrote_it():
    document = read(
        "<article xml:lang='EN'><front><article-title>T</article-title><contrib contrib-type='author'><name><surname>Wolf"
        "</surname><given-names>G</given-names></name><xref>1</xref></contrib><contrib contrib-type='editor'><name>E</name>"
        "</contrib><date>2020-01-02</date></front></article>"
    )
    assert document.properties() == Properties("T", "Wolf G", "2020-01-02", "", "en")


def test_who_wrote_an_entry_did_not_write_the_feed():
    document = read("<rss><title>F</title><item><creator>A</creator></item></rss>")
    assert document.properties() == Properties("F")


def test_metadata_of_data():
    document = read(
        "<r xmlns:dc='u'><dc:title>T</dc:title><dc:creator>A</dc:creator><dc:creator>B</dc:creator><dc:language>de</dc:language>"
        "<modified>2020-01-02T03:04:05Z</modified><date>tomorrow</date></r>"
    )
    assert document.properties() == Properties("T", "A; B", "", "2020-01-02T03:04:05Z", "de")
