"""Requests that somebody sends by mistake or on purpose: bodies, queries, parameters, names, forms, people."""

import json

JSON = {"Content-Type": "application/json"}
UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"

NOT_JSON = {
    "words": b"hello",
    "nothing": b"",
    "cut in the middle": b'{"content": "a',
    "XML": b"<content>a</content>",
    "single quotes": b"{'content': 'a'}",
    "Latin-1": '{"content": "é"}'.encode("latin-1"),
    "10,000 lists": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects": b'{"content":' * 10_000 + b"1" + b"}" * 10_000,
    "10,000 deep in a field": b'{"content": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "a number of 5,000 digits": b'{"content": "a", "reply": {"max_tokens": ' + b"9" * 5000 + b"}}",
}
NOT_A_MESSAGE = {
    "list": b"[]",
    "null": b"null",
    "NaN": b'{"content": NaN}',
    "NaN tokens": b'{"content": "a", "reply": {"max_tokens": NaN}}',
    "endless tokens": b'{"content": "a", "reply": {"max_tokens": 1e999}}',
    "a number of 400 digits": b'{"content": "a", "reply": {"max_tokens": ' + b"9" * 400 + b"}}",
    "lone surrogate": b'{"content": "a\\ud800"}',
    "NUL": b'{"content": "a\\u0000"}',
    "lone surrogate as name": b'{"content": "a", "\\ud800": 1}',
    "NUL as name": b'{"content": "a", "\\u0000": 1}',
    "a long name": b'{"content": "a", "' + b"k" * 100_000 + b'": 1}',
    "20,000 names": json.dumps({"content": "a", **{f"k{n}": 1 for n in range(20_000)}}).encode(),
    "blank": b'{"content": " \\n\\t"}',
    "number": b'{"content": 1}',
    "too long": json.dumps({"content": "a" * 100_001}).encode(),
    "no parent": b'{"content": "a", "parent_id": "x"}',
    "unknown parent": f'{{"content": "a", "parent_id": "{UNKNOWN}"}}'.encode(),
    "unknown attachment": f'{{"content": "a", "attachments": ["{UNKNOWN}"]}}'.encode(),
    "21 attachments": json.dumps({"content": "a", "attachments": [UNKNOWN] * 21}).encode(),
    "unknown model": b'{"content": "a", "reply": {"model": "foo"}}',
    "model of no name": b'{"content": "a", "reply": {"model": "openai:"}}',
    "query of 513": json.dumps({"content": "a", "reply": {"retrieve": {"q": "a" * 513}}}).encode(),
}


# Names as attackers spell them, and what is kept of each: 40 of them.
NAMES = {
    "../../etc/passwd": "passwd", "..\\..\\windows\\system.ini": "system.ini", "/etc/shadow": "shadow", "C:\\a.txt": "a.txt", "\\\\host\\share\\a.txt": "a.txt",
    "....//....//a.txt": "a.txt", "..;/a.txt": "a.txt", "a/../b.txt": "b.txt", "./a.txt": "a.txt", "//a.txt": "a.txt", "a//b.txt": "b.txt", "~/.ssh/id": "id",
    "a\0.txt": "a.txt", "a\r\nX-Evil: 1.txt": "aX-Evil: 1.txt", "a\x1b[31m.txt": "a[31m.txt", "a\x7f.txt": "a.txt", "a\x85.txt": "a.txt", "a\u2028.txt": "a.txt",
    "gpj.\u202etxt.exe": "gpj.txt.exe", "a\u200b.txt": "a.txt", "\ufeffa.txt": "a.txt", "a\u2066b\u2069.txt": "ab.txt", " a.txt ": "a.txt", "a.txt\t": "a.txt",
    "CON": "CON", "nul.txt": "nul.txt", "a.txt::$DATA": "a.txt::$DATA", "-rf": "-rf", "$(id).txt": "$(id).txt", "`id`.txt": "`id`.txt", "a;b|c&d.txt": "a;b|c&d.txt",
    "<script>.html": "<script>.html", "'\".txt": "'\".txt", "%2e%2e%2fa.txt": "%2e%2e%2fa.txt", "e\u0301.txt": "é.txt", ".htaccess": ".htaccess", "...": "...",
    "a.pdf.exe": "a.pdf.exe", "😀.txt": "😀.txt", "a" * 251 + ".txt": "a" * 251 + ".txt",
}  # fmt: skip
NO_NAMES = [
    "",
    " ",
    ".",
    "..",
    "/",
    "../",
    "\\",
    "\0",
    "\u202e",
    "a/..",
    "a" * 252 + ".txt",
    "é" * 128,
    "d/" * 600 + "a",
]


def multipart(name: bytes, data: bytes = b"x") -> tuple[bytes, dict[str, str]]:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
    return head + data + b"\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


TWO_FILES = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\ny\r\n--b--\r\n'
)
FIELD = b'--b\r\nContent-Disposition: form-data; name="folder"\r\n\r\n'
FORMS = {
    "no boundary": ("multipart/form-data", multipart(b"a")[0]),
    "empty boundary": ("multipart/form-data; boundary=", multipart(b"a")[0]),
    "another boundary": ("multipart/form-data; boundary=c", multipart(b"a")[0]),
    "boundary of 300": ("multipart/form-data; boundary=" + "b" * 300, multipart(b"a")[0]),
    "two files": ("multipart/form-data; boundary=b", TWO_FILES),
    "no file": ("multipart/form-data; boundary=b", FIELD + b"x\r\n--b--\r\n"),
    "nothing": ("multipart/form-data; boundary=b", b""),
    "only an end": ("multipart/form-data; boundary=b", b"--b--\r\n"),
    "cut": ("multipart/form-data; boundary=b", multipart(b"a")[0][:-8]),
    "no headers": ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n"),
    "giant header": ("multipart/form-data; boundary=b", b"--b\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\nx\r\n--b--\r\n"),
    "1,000 headers": ("multipart/form-data; boundary=b", b"--b\r\n" + b"X-A: a\r\n" * 1000 + b"\r\nx\r\n--b--\r\n"),
    "100 fields": ("multipart/form-data; boundary=b", (FIELD + b"x\r\n") * 100 + b"--b--\r\n"),
    "giant field": ("multipart/form-data; boundary=b", FIELD + b"x" * 5000 + b"\r\n--b--\r\n"),
    "field of no text": ("multipart/form-data; boundary=b", FIELD + b"\xff\r\n--b--\r\n"),
    "words": ("multipart/form-data; boundary=b", b"hello"),
}  # fmt: skip


PEOPLE = [
    {"email": "x", "password": "a long enough passphrase"},
    {"email": "a\0@example.org", "password": "a long enough passphrase"},
    {"email": "\ud800@example.org", "password": "a long enough passphrase"},
    {"email": "a@" + "x" * 300 + ".org", "password": "a long enough passphrase"},
    {"email": "b@example.org", "password": "x" * 10_000},
    {"email": "b@example.org", "password": "\ud800" * 20},
    {"email": "b@example.org", "password": "a long enough passphrase", "name": "\0"},
    {"email": ["a"], "password": {}},
    {},
]
