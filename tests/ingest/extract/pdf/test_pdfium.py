import sys

from ingest.extract.pdf.pdfium import form_of, pdfium, string
from tests.ingest.make_files import make_pdf, show


def test_the_library_is_there_without_the_python_half_of_its_wheel():
    assert pdfium.FPDF_GetPageCount(None) == 0
    assert "pypdfium2_raw.bindings" not in sys.modules


def test_a_string_is_asked_for_twice_and_loses_its_nul():
    def get(buffer, size):
        if buffer is not None:
            buffer[:size] = "Häfen\0".encode("utf-16-le")
        return 12

    assert string(get) == "Häfen"


def test_an_absent_string_is_empty():
    assert string(lambda _buffer, _size: 0) == ""
    assert string(lambda _buffer, _size: 2) == ""


def test_every_document_has_a_form_handle():
    content = make_pdf([show("a")])
    document = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
    form = form_of(document)
    assert form
    pdfium.FPDFDOC_ExitFormFillEnvironment(form)
    pdfium.FPDF_CloseDocument(document)
