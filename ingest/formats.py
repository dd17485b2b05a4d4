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
    """`module` is in ingest/extract and has read(). `suffixes` name the texts of this format; others are told by their bytes."""

    media_type: str
    name: str
    module: str
    suffixes: tuple[str, ...] = ()
    is_paged: bool = False


FORMATS: Final = (
    Format(PDF, "PDF", "pdf", is_paged=True),
    Format(DOCX, "Word", "docx"),
    Format(PPTX, "PowerPoint", "pptx", is_paged=True),
    Format(XLSX, "Excel", "sheet"),
    Format(XLSB, "binary Excel", "sheet"),
    Format(XLS, "Excel 97-2003", "sheet"),
    Format(DOC, "Word 6-2003", "doc"),
    Format(PPT, "PowerPoint 97-2003", "ppt", is_paged=True),
    Format(ODT, "OpenDocument text", "odt"),
    Format(ODS, "OpenDocument spreadsheet", "sheet"),
    Format(ODP, "OpenDocument presentation", "odp"),
    Format(RTF, "RTF", "rtf"),
    Format(EPUB, "EPUB", "epub"),
    Format(HTML, "HTML", "html", (".html", ".htm", ".xhtml")),
    Format(MARKDOWN, "Markdown", "markdown", (".md", ".markdown", ".mdx", ".qmd", ".rmd")),
    Format(TEXT, "plain text", "plain", (".txt",)),
    Format(CSV, "CSV", "csv", (".csv",)),
    Format(TSV, "TSV", "csv", (".tsv", ".tab")),
    Format(SRT, "subtitles (SRT)", "subtitles", (".srt",)),
    Format(VTT, "subtitles (WebVTT)", "subtitles", (".vtt",)),
    Format(ASCIIDOC, "AsciiDoc", "asciidoc", (".adoc", ".asciidoc", ".asc")),
    Format(RST, "reStructuredText", "rst", (".rst", ".rest")),
    Format(ORG, "Org", "org", (".org",)),
    Format(LATEX, "LaTeX", "latex", (".tex", ".latex", ".ltx")),
    Format(
        XML,
        "XML",
        "xml",
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
    Format(JSON, "JSON", "json", (".json", ".geojson", ".webmanifest")),
    Format(JSON_LINES, "JSON Lines", "json_lines", (".jsonl", ".ndjson", ".jsonlines")),
    Format(MHTML, "saved web page (MHTML)", "mhtml", (".mht", ".mhtml")),
    Format(NOTEBOOK, "Jupyter notebook", "notebook", (".ipynb",)),
    *(Format(each.media_type, each.name, "plain", each.suffixes) for each in LANGUAGES),
    Format(MAIL, "e-mail", "mail"),
    Format(MBOX, "mailbox", "mbox"),
    Format(OUTLOOK, "Outlook message", "msg"),
    Format(SIGNED, "signed file", "signed"),
    Format(ZIP, "ZIP archive", "zip_members"),
    Format(TAR, "tar archive", "tar_members"),
    Format(GZIP, "gzip", "tar_members"),
    Format(BZIP2, "bzip2", "tar_members"),
    Format(XZ, "xz", "tar_members"),
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
