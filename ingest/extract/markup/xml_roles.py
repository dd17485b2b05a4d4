"""What elements of well-known XML vocabularies are to a reader: JATS, DocBook, TEI, patents, DITA, feeds. By local name, in lower case."""

from enum import Enum
from typing import Final


class Role(Enum):
    SECTION = 1  # a title stands at the level of the sections that are open
    TITLE = 2
    PARAGRAPH = 3
    PHRASE = 4  # a paragraph on its own, a part of the sentence within one
    INLINE = 5
    PART = 14  # inline within a sentence, a field of data outside of one
    LIST = 6
    ITEM = 7
    TABLE = 8
    ROW = 9
    CELL = 10
    PREFORMATTED = 11
    SKIPPED = 12
    OTHER = 13


_NAMES: Final = {
    Role.SECTION: """
        sec section chapter part article book appendix app ack boxed-text sect1 sect2 sect3 sect4 sect5 simplesect preface
        glossary bibliography ref-list abstract topic item div1 div2 div3 div refsect1 refsect2 us-claims
    """,
    Role.TITLE: "title article-title invention-title title-of-invention heading head h h1 h2 h3 h4 h5 h6 trans-title b540",
    Role.PARAGRAPH: "p para simpara paragraph claim-text shortdesc formalpara l ab disp-formula copyright-statement fn",
    Role.PHRASE: """
        ptext mixed-citation element-citation nlm-citation citation bibl contrib aff corresp caption label kwd string-name
        person-group addressbook attrib
    """,
    Role.INLINE: """
        a abbr acronym b bold big br break claim-ref em emph emphasis ext-link figref hi hil i italic math monospace named-content o
        overline pdat ph q sb sc smallcaps sp span stext strike strong styled-content sub sub1 sub2 sup sup1 sup2 super tt u ulink
        underline xref
    """,
    Role.PART: """
        citetitle code command crossref filename inline-formula kbd link literal quote roman uri var highlight codeph uicontrol
        citeref dependent-claim-reference
    """,
    Role.LIST: "list itemizedlist orderedlist variablelist ul ol simplelist def-list procedure",
    Role.ITEM: "list-item listitem li def-item member step",
    Role.TABLE: "table informaltable tgroup",
    Role.ROW: "tr row strow",
    Role.CELL: "td th entry stentry",
    Role.PREFORMATTED: "programlisting screen literallayout preformat pre codeblock synopsis",
    Role.SKIPPED: """
        annotation annotation-xml tex-math colspec journal-id object-id contrib-id processing-meta custom-meta script style
        self-uri
    """,
}
ROLES: Final = {name: role for role, names in _NAMES.items() for name in names.split()}
RUNNING: Final = frozenset(
    {Role.TITLE, Role.PARAGRAPH, Role.PHRASE, Role.PREFORMATTED}
)  # everything in them runs on
BREAKING: Final = frozenset({
    Role.SECTION, Role.PARAGRAPH, Role.LIST, Role.ITEM, Role.TABLE, Role.ROW, Role.PREFORMATTED,
})  # fmt: skip
# Their texts are told by what they say; a label in front would be noise.
NAMELESS: Final = frozenset(
    {
        "value",
        "string",
        "text",
        "content",
        "body",
        "line",
        "note",
        "comment",
        "encoded",
        "summary",
        "description",
        "pdat",
    }
)
# Documents of these are prose: their attributes are for machines.
PROSE: Final = frozenset({
    "article", "book", "chapter", "section", "topic", "tei", "tei.2", "html", "us-patent-application", "us-patent-grant",
    "patent-application-publication", "patdoc", "table", "rss", "feed", "concept", "task", "reference", "refentry",
})  # fmt: skip
