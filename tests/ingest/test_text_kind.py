import pytest

from ingest.formats import JSON, MHTML, TEXT, VTT, XML
from ingest.text_kind import kind_of_text


@pytest.mark.parametrize(
    ("head", "suffix", "expected"),
    [
        ("import a", ".py", "text/x-python"),
        ("import a", "", TEXT),
        ("#!/usr/bin/env -S python3.11 -u\n", "", "text/x-python"),
        ("#!/bin/sh\n", ".txt", "text/x-shellscript"),
        ("#! /opt/own\n", "", TEXT),
        ("\ufeffWEBVTT\n", ".txt", VTT),
        ("\ufeff <?xml version='1.0'?><a/>", "", XML),
        ("<?xml version='1.0'?><a/>", ".py", "text/x-python"),
        ("<a/>", ".xml", XML),
        (' {"a" : 1', "", JSON),
        ('[\n  {"a"', ".dump", JSON),
        ('{"a": 1', ".txt", TEXT),
        ("[note] {x}", "", TEXT),
        ("From: x\r\nSnapshot-Content-Location: y\r\n", "", MHTML),
        ("From: x\r\n", ".mht", MHTML),
        ("a: b", ".yml", "application/yaml"),
    ],
)
def test_a_clear_opening_then_the_suffix_then_the_interpreter(head, suffix, expected):
    assert kind_of_text(head, suffix=suffix) == expected
