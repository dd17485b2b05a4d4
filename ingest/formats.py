"""The formats that are read: what each is called, which extractor reads it, and which names its files bear.

A file's bytes decide what it is (detect.py); among texts, which all look alike, the name does. Imported by every
extraction child, so it stays light.
"""

from typing import Final, NamedTuple

from ingest.languages import LANGUAGES

PDF: Final = "application/pdf"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB: Final = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLS: Final = "application/vnd.ms-excel"
DOC: Final = "application/msword"
PPT: Final = "application/vnd.ms-powerpoint"
ODT: Final = "application/vnd.oasis.opendocument.text"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
ODP: Final = "application/vnd.oasis.opendocument.presentation"
EPUB: Final = "application/epub+zip"
RTF: Final = "application/rtf"
HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
TEXT: Final = "text/plain"
MAIL: Final = "message/rfc822"
MBOX: Final = "application/mbox"
OUTLOOK: Final = "application/vnd.ms-outlook"
WINMAIL: Final = "application/vnd.ms-tnef"
SIGNED: Final = "application/pkcs7-mime"
ZIP: Final = "application/zip"
TAR: Final = "application/x-tar"
GZIP: Final = "application/gzip"
BZIP2: Final = "application/x-bzip2"
XZ: Final = "application/x-xz"
XML: Final = "application/xml"
CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonl"
NOTEBOOK: Final = "application/x-ipynb+json"
SRT: Final = "application/x-subrip"
VTT: Final = "text/vtt"
MHTML: Final = "multipart/related"
ASCIIDOC: Final = "text/asciidoc"
RST: Final = "text/x-rst"
ORG: Final = "text/x-org"
LATEX: Final = "text/x-tex"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
TIFF: Final = "image/tiff"
BMP: Final = "image/bmp"
WEBP: Final = "image/webp"
GIF: Final = "image/gif"


class Format(NamedTuple):
    """`module` is in ingest/extract and has read(). `suffixes` name the texts of this format; others are told by their bytes.

    `takes_password`: read() takes one as `password`, "" where none was given.
    """

    media_type: str
    name: str
    module: str
    suffixes: tuple[str, ...] = ()
    is_paged: bool = False
    takes_password: bool = False


FORMATS: Final = (
    Format(PDF, "PDF", "pdf.pages", is_paged=True, takes_password=True),
    Format(DOCX, "Word", "office.docx", takes_password=True),
    Format(PPTX, "PowerPoint", "office.pptx", is_paged=True, takes_password=True),
    Format(XLSX, "Excel", "office.sheet", takes_password=True),
    Format(XLSB, "binary Excel", "office.sheet", takes_password=True),
    Format(XLS, "Excel 97-2003", "office.sheet"),
    Format(DOC, "Word 6-2003", "office.doc"),
    Format(PPT, "PowerPoint 97-2003", "office.ppt", is_paged=True),
    Format(ODT, "OpenDocument text", "office.odt"),
    Format(ODS, "OpenDocument spreadsheet", "office.sheet"),
    Format(ODP, "OpenDocument presentation", "office.odp"),
    Format(RTF, "RTF", "office.rtf"),
    Format(EPUB, "EPUB", "office.epub"),
    Format(HTML, "HTML", "markup.html", (".html", ".htm", ".xhtml")),
    Format(MARKDOWN, "Markdown", "markup.markdown", (".md", ".markdown", ".mdx", ".qmd", ".rmd")),
    Format(TEXT, "plain text", "plain", (".txt",)),
    Format(CSV, "CSV", "data.csv", (".csv",)),
    Format(TSV, "TSV", "data.csv", (".tsv", ".tab")),
    Format(SRT, "subtitles (SRT)", "markup.subtitles", (".srt",)),
    Format(VTT, "subtitles (WebVTT)", "markup.subtitles", (".vtt",)),
    Format(ASCIIDOC, "AsciiDoc", "markup.asciidoc", (".adoc", ".asciidoc", ".asc")),
    Format(RST, "reStructuredText", "markup.rst", (".rst", ".rest")),
    Format(ORG, "Org", "markup.org", (".org",)),
    Format(LATEX, "LaTeX", "markup.latex", (".tex", ".latex", ".ltx")),
    Format(
        XML,
        "XML",
        "markup.xml",
        (
            ".xml",
            ".nxml",
            ".xsl",
            ".xslt",
            ".xsd",
            ".svg",
            ".rss",
            ".atom",
            ".dbk",
            ".docbook",
            ".tei",
            ".dita",
            ".plist",
            ".kml",
            ".gpx",
        ),
    ),
    Format(JSON, "JSON", "data.json", (".json", ".geojson", ".webmanifest")),
    Format(JSON_LINES, "JSON Lines", "data.json_lines", (".jsonl", ".ndjson", ".jsonlines")),
    Format(MHTML, "saved web page (MHTML)", "markup.mhtml", (".mht", ".mhtml")),
    Format(NOTEBOOK, "Jupyter notebook", "data.notebook", (".ipynb",)),
    *(Format(each.media_type, each.name, "plain", each.suffixes) for each in LANGUAGES),
    Format(MAIL, "e-mail", "mail.eml"),
    Format(MBOX, "mailbox", "mail.mbox"),
    Format(OUTLOOK, "Outlook message", "mail.msg"),
    Format(WINMAIL, "winmail.dat", "mail.winmail"),
    Format(SIGNED, "signed file", "mail.signed"),
    Format(ZIP, "ZIP archive", "archives.zip_members", takes_password=True),
    Format(TAR, "tar archive", "archives.tar_members"),
    Format(GZIP, "gzip", "archives.tar_members"),
    Format(BZIP2, "bzip2", "archives.tar_members"),
    Format(XZ, "xz", "archives.tar_members"),
    Format(PNG, "PNG picture", "image"),
    Format(JPEG, "JPEG picture", "image"),
    Format(TIFF, "TIFF picture", "image", is_paged=True),
    Format(BMP, "BMP picture", "image"),
    Format(WEBP, "WebP picture", "image"),
    Format(GIF, "GIF picture", "image"),
)
BY_MEDIA_TYPE: Final = {each.media_type: each for each in FORMATS}
BY_SUFFIX: Final = {suffix: each.media_type for each in FORMATS for suffix in each.suffixes}

NOT_READ_REMEDY: Final = (
    "Save it as PDF or text and upload that; docs/formats.md lists what is read."
)
