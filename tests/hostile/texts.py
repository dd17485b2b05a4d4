"""Hostile texts: floods of one character, broken encodings, markup without end, files that ask for others."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise

from tests.hostile.lure import Lure

WORDS = "The harbour opens at dawn.\n"
MEGA = 1_000_000
FLOODS = (
    *("#", ">", "[", "*_", "`", "|", "~", "- ", "![](", "<", "=", "\\", "    ", "[^1]", "{{"),
    *(":: ", "_", "\t"),
)


def files(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {
        **_plain(),
        **_tables(),
        **_data(),
        **_xml(lure),
        **_html(lure),
        **_floods(),
        **_markup(lure),
    }


def _plain() -> Mapping[str, Callable[[], bytes]]:
    return {
        "one-line.txt": lambda: b"harbour" * (10 * MEGA // 7),
        "newlines.txt": lambda: b"\n" * (10 * MEGA),
        "returns.txt": lambda: b"\r" * (10 * MEGA) + b"Words",
        "nul.txt": lambda: b"\0" * MEGA,
        "nul-between.txt": lambda: b"The harbour\0 opens at dawn.\n" * 999,
        "controls.txt": lambda: bytes(range(1, 32)) * 9999 + b"Words",
        "no-encoding.txt": lambda: bytes(range(128, 256)) * 4000,
        "three-encodings.txt": lambda: (WORDS + "äöü").encode() * 99 + "Größe\n".encode("latin-1") * 99 + "Größe\n".encode("utf-16") * 99,
        "half-a-character.txt": lambda: "ä".encode() * 99_999 + b"\xc3",
        "overlong.txt": lambda: WORDS.encode() + b"\xc0\xaf\xe0\x80\xaf\xf8\x88\x80\x80\x80" * 9999,
        "surrogates.txt": lambda: b"words \xed\xa0\x80 and more\n" * 9999,
        "surrogates.utf16.txt": lambda: b"\xff\xfe" + b"\x00\xd8" * 99_999,
        "odd.utf16.txt": lambda: WORDS.encode("utf-16") + b"\x41",
        "beyond.utf32.txt": lambda: b"\xff\xfe\0\0" + b"\xff\xff\xff\x7f" * 9999,
        "only-a-mark.txt": lambda: b"\xef\xbb\xbf",
        "marks.txt": lambda: b"\xef\xbb\xbf" * 99_999 + b"Words",
        "utf-7.txt": lambda: b"+ADw-script+AD4-alert(1)+ADw-/script+AD4- " * 999,
        "directions.txt": lambda: ("\u202e\u2066\u2067\u202a\u202d" * 200_000 + "Words").encode(),
        "unseen.txt": lambda: ("\u200b\u200d\ufeff\u2060\u00ad" * 200_000).encode(),
        "one-grapheme.txt": lambda: ("a" + "\u0301" * MEGA).encode(),
        "one-family.txt": lambda: ("\U0001f468\u200d" * 300_000).encode(),
        "flags.txt": lambda: ("\U0001f1e9" * 500_000).encode(),
        "tags.txt": lambda: "".join(chr(0xE0020 + n % 96) for n in range(300_000)).encode() + b"Words",
        "not-characters.txt": lambda: ("\ufffe\uffff\U0010ffff" * 99_999).encode(),
        "ansi.txt": lambda: b"\x1b[31m\x1b]0;title\x07\x1b[2J" * 50_000 + b"Words",
        "spaces.txt": lambda: b" " * (10 * MEGA) + b"Words",
        "much-too-much.txt": lambda: WORDS.encode() * 900_000,
        "text.pdf": lambda: WORDS.encode() * 9,
        "text.docx": lambda: WORDS.encode() * 9,
        "text.png": lambda: WORDS.encode() * 9,
        "program.txt": lambda: b"\x7fELF" + bytes(range(256)) * 400,
        "program.pdf": lambda: b"MZ" + bytes(range(256)) * 400,
        "one-byte.bin": lambda: b"\xff",
        "noise.bin": lambda: bytes(n * n * 7919 // 13 % 256 for n in range(99_999)),
    }  # fmt: skip


def _tables() -> Mapping[str, Callable[[], bytes]]:
    wide = ",".join(f"c{n}" for n in range(100_000))
    return {
        "hundred-thousand-columns.csv": lambda: f"{wide}\n{wide}\n".encode(),
        "wide-and-long.csv": lambda: (",".join("abcdefghij" * 10) + "\n").encode() * 5000,
        "many-rows.csv": lambda: b"name\n" + b"a\n" * 300_000,
        "only-commas.csv": lambda: b"," * (2 * MEGA),
        "open-quote.csv": lambda: b'a,b\n1,"' + b"harbour dawn,\n" * 100_000,
        "quotes.csv": lambda: b'"' * MEGA,
        "formula.csv": lambda: b"name,value\n=cmd|'/c calc'!A0,@SUM(1+1)*cmd\n+1,-1\n\"=HYPERLINK(\"\"http://x\"\")\",2\n",
        "uneven.csv": lambda: "".join("a," * (n % 900) + "\n" for n in range(2000)).encode(),
        "tabs.tsv": lambda: b"\t" * (2 * MEGA),
        "nul.csv": lambda: b"a,b\n1,\x00\n" * 999,
    }  # fmt: skip


def _data() -> Mapping[str, Callable[[], bytes]]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["harbour dawn\n"] * 400_000}]
    alias = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)},' * 9}]\n" for n in range(20))  # fmt: skip
    return {
        "deep-lists.json": lambda: b"[" * 300_000 + b"]" * 300_000,
        "deep-objects.json": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "open-lists.json": lambda: b"[" * MEGA,
        "hundred-thousand-names.json": lambda: json.dumps({f"k{n}": n for n in range(100_000)}).encode(),
        "same-name.json": lambda: b"{" + b'"a": 1,' * 100_000 + b'"a": 2}',
        "long-number.json": lambda: b'{"a": ' + b"9" * MEGA + b"}",
        "long-string.json": lambda: b'{"a": "' + b"harbour" * MEGA + b'"}',
        "long-name.json": lambda: b'{"' + b"k" * (5 * MEGA) + b'": 1}',
        "escapes.json": lambda: b'{"a": "' + b"\\ud800" * 300_000 + b"\\u0000" * 300_000 + b'"}',
        "odd-values.json": lambda: b'{"a": NaN, "b": -Infinity, "c": 1e999999, "d": -0}',
        "cut.json": lambda: json.dumps({"a": ["harbour"] * 99_999}).encode()[:-3],
        "two-values.json": lambda: b'{"a": 1}' * 50_000,
        "deep-lines.jsonl": lambda: b"[" * 100_000 + b"\n" + b'{"a": 1}\n' * 99 + b"{\n" * 99,
        "aliases.yaml": lambda: alias.encode(),
        "deep.yaml": lambda: "".join(" " * n + "a:\n" for n in range(2000)).encode(),
        "tags.yaml": lambda: b"!!python/object/apply:os.system ['touch /tmp/recollect-escaped']\n" * 99,
        "deep.toml": lambda: b"a = " + b"[" * 100_000,
        "giant-output.ipynb": lambda: _notebook([{"cell_type": "code", "source": "1", "metadata": {}, "outputs": outputs, "execution_count": 1}]),
        "giant-picture.ipynb": lambda: _notebook([{"cell_type": "code", "source": "1", "metadata": {}, "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 8 * MEGA}}]}]),
        "many-cells.ipynb": lambda: _notebook([{"cell_type": "markdown", "metadata": {}, "source": f"# {n}"} for n in range(50_000)]),
        "odd-cells.ipynb": lambda: _notebook([None, 1, "x", [], {}, {"cell_type": 7}, {"cell_type": "code", "source": {"a": 1}, "outputs": {"b": 2}}]),
        "deep.ipynb": lambda: b'{"nbformat": 4, "metadata": {}, "cells": ' + b"[" * 300_000 + b"]" * 300_000 + b"}",
        "no-notebook.ipynb": lambda: b"[1, 2, 3]",
    }  # fmt: skip


def _notebook(cells: list[object]) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def _xml(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url = lure.url
    laughs = (
        "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9)) + '<!ENTITY e0 "lol">'
    )
    return {
        "laughs.xml": lambda: f"<!DOCTYPE d [{laughs}]><d>&e9;</d>".encode(),
        "laughs.svg": lambda: f"<!DOCTYPE svg [{laughs}]><svg xmlns='http://www.w3.org/2000/svg'><text>&e9;</text></svg>".encode(),
        "passwd.xml": lambda: b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
        "calls-home.xml": lambda: f'<!DOCTYPE d SYSTEM "{url}/d.dtd" [<!ENTITY % p SYSTEM "{url}/p"> %p; <!ENTITY x SYSTEM "{url}/x">]><d>&x;</d>'.encode(),
        "entity-circle.xml": lambda: b'<!DOCTYPE d [<!ENTITY a "&b;"><!ENTITY b "&a;">]><d>&a;</d>',
        "includes.xml": lambda: f'<d xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/><xi:include href="{url}/i"/>Words</d>'.encode(),
        "schema.xml": lambda: f'<d xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a {url}/s" xsi:noNamespaceSchemaLocation="{url}/n">Words</d>'.encode(),
        "stylesheet.xml": lambda: f'<?xml-stylesheet type="text/xsl" href="{url}/s.xsl"?><d>Words</d>'.encode(),
        "stylesheet.xsl": lambda: f'<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:include href="{url}/i"/><xsl:template match="/"><xsl:value-of select="document(\'/etc/passwd\')"/></xsl:template></xsl:stylesheet>'.encode(),
        "deep.xml": lambda: b"<a>" * 100_000 + b"</a>" * 100_000,
        "open.xml": lambda: b"<a>" * 200_000,
        "attributes.xml": lambda: ("<d " + " ".join(f'a{n}="{n}"' for n in range(200_000)) + "/>").encode(),
        "long-name.xml": lambda: b"<" + b"a" * (10 * MEGA) + b"/>",
        "long-text.xml": lambda: b"<d>" + b"harbour " * (3 * MEGA) + b"</d>",
        "comment.xml": lambda: b"<d><!--" + b"-" * (5 * MEGA) + b"--></d>",
        "instructions.xml": lambda: b"<?a b?>" * 500_000 + b"<d/>",
        "unknown-encoding.xml": lambda: b"<?xml version='1.0' encoding='rot13'?><d>Words</d>",
        "other-encoding.xml": lambda: b"<?xml version='1.0' encoding='utf-16'?><d>Words</d>",
        "two-roots.xml": lambda: b"<d>Words</d>" * 99_999,
        "feed.rss": lambda: f'<rss><channel><item><enclosure url="{url}/e"/><title>Words</title></item></channel></rss>'.encode(),
        "network-link.kml": lambda: f'<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>{url}/k</href></Link></NetworkLink></kml>'.encode(),
    }  # fmt: skip


def _html(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url = lure.url
    return {
        "script.html": lambda: f"<html><script>fetch('{url}')</script><img src=x onerror=\"fetch('{url}')\"><p>Words</p>".encode(),
        "everything-from-afar.html": lambda: (
            f'<html><base href="{url}/"><meta http-equiv=refresh content="0;{url}/m"><link rel=stylesheet href={url}/c><link rel=preload href={url}/p>'
            f'<iframe src={url}/f></iframe><object data={url}/o></object><embed src={url}/e><video src={url}/v poster={url}/q></video><audio src={url}/a></audio>'
            f'<img srcset="{url}/s 2x"><form action={url}/g><input type=image src={url}/h></form><style>@import "{url}/d";</style><p>Words</p>'
        ).encode(),
        "file-addresses.html": lambda: b"<html><iframe src=file:///etc/passwd></iframe><img src=file:///etc/passwd><p>Words</p>",
        "deep.html": lambda: b"<html>" + b"<div>" * 100_000 + b"Words",
        "deep-lists.html": lambda: b"<html>" + b"<ul><li>a" * 50_000,
        "deep-tables.html": lambda: b"<html>" + b"<table><tr><td>a" * 20_000,
        "never-closed.html": lambda: b"<html>" + b"<b><i><a><p>" * 50_000,
        "closed-too-often.html": lambda: b"<html>Words" + b"</div></p></b>" * 200_000,
        "wide-table.html": lambda: b"<html><table><tr>" + b"<td>a" * 100_000,
        "spans.html": lambda: b"<html><table>" + b"<tr><td colspan=1000000000 rowspan=1000000000>a" * 999,
        "comment.html": lambda: b"<html><p>Words</p><!--" + b"-" * (5 * MEGA),
        "open-tag.html": lambda: b"<html><p " + b"a=b " * MEGA,
        "open-brackets.html": lambda: b"<html>" + b"<" * MEGA,
        "entities.html": lambda: b"<html>" + b"&#xD800;&#0;&#99999999999;&notin;&" * 99_999,
        "long-attribute.html": lambda: b"<html><img alt='" + b"a" * (9 * MEGA) + b"'>",
        "nul.html": lambda: b"<html><p>Wo\0rds</p>" * 9999,
        "other-encoding.html": lambda: b"<html><meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
        "unknown-encoding.html": lambda: b"<html><meta charset=harbour><p>Words",
    }  # fmt: skip


def _floods() -> Mapping[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {}
    for suffix in ("md", "rst", "adoc", "org", "tex"):
        made[f"floods.{suffix}"] = lambda: b"\n\n".join(
            f"{each * (200_000 // len(each))}x".encode() for each in FLOODS
        )
        made[f"short-lines.{suffix}"] = lambda: b"".join(
            f"{each}\n".encode() * 5000 for each in FLOODS
        )
    made["blank-title.adoc"] = lambda: b"= a" + b" " * 200_000 + b"b\n"
    made["blank-title.md"] = lambda: b"# a" + b" #" * 100_000 + b"b\n"
    made["blank-title.tex"] = lambda: b"\\title" + b" " * 200_000 + b"b\n"
    return made


def _markup(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url = lure.url
    return {
        "includes.rst": lambda: f".. include:: /etc/passwd\n.. raw:: html\n   :url: {url}/r\n.. csv-table:: a\n   :file: /etc/passwd\n\nWords\n".encode(),
        "includes.adoc": lambda: f"= Words\n\ninclude::/etc/passwd[]\ninclude::{url}/i[]\n:include: x\n\n{{include}}\n".encode(),
        "attribute-bomb.adoc": lambda: ("".join(f":a{n}: {f'{{a{n - 1}}}' * 10}\n" for n in range(30)) + "\n{a29}\n").encode(),
        "includes.org": lambda: f"#+INCLUDE: /etc/passwd\n#+SETUPFILE: {url}/s\n#+BEGIN_SRC sh :eval yes\ntouch {lure.escape}\n#+END_SRC\nWords\n".encode(),
        "macro-bomb.org": lambda: ("".join(f"#+MACRO: a{n} {f'{{{{{{a{n - 1}}}}}}}' * 10}\n" for n in range(30)) + "{{{a29}}}\n").encode(),
        "includes.tex": lambda: f"\\input{{/etc/passwd}}\\include{{../../etc/passwd}}\\write18{{touch {lure.escape}}}\\includegraphics{{{url}/i}}Words".encode(),
        "macro-bomb.tex": lambda: _macros().encode(),
        "deep.tex": lambda: b"\\begin{document}" + b"{" * MEGA,
        "open-environments.tex": lambda: b"\\begin{document}" + b"\\begin{itemize}\\item " * 100_000,
        "negative-times.srt": lambda: b"1\n-99:99:99,999 --> 99999999999:00:00,000\nWords\n\n" * 9999,
        "open-cues.vtt": lambda: b"WEBVTT\n\n" + b"00:00:00.000 --> \n" * 99_999,
        "front-matter.md": lambda: b"---\n" + b"a: &a [*a, *a]\n" * 99_999 + b"# Words",
        "links-to-files.md": lambda: f"![a](file:///etc/passwd) ![b]({url}/i) [c](javascript:alert(1)) <img src={url}/j>\n".encode() * 99,
        "deep.py": lambda: b"x = " + b"(" * 500_000 + b"\nclass A:\n def f(self): pass\n",
        "long-line.js": lambda: b"function f(){" + b"var a=1;" * 500_000 + b"}",
        "open-string.c": lambda: b'char *a = "' + b"\\\\\\" * MEGA,
        "indented.py": lambda: "".join(" " * n + f"class C{n}:\n" for n in range(2000)).encode(),
    }  # fmt: skip


def _macros() -> str:
    names = [f"\\z{chr(97 + n)}" for n in range(26)]
    defined = "".join(f"\\def{name}{{{before * 10}}}" for before, name in pairwise(names))
    return f"\\def\\a{{\\a\\a}}\\newcommand{{\\b}}{{\\b\\b}}{defined}\\begin{{document}}\\a\\b\\zz Words\\end{{document}}"
