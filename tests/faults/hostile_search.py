"""Queries, parameters and bodies that somebody sends to the search by mistake or on purpose; kinds rather than copies."""
# ruff: noqa: RUF001  (look-alikes are the point)

import string
from itertools import cycle, product

from search.operators import OPERATORS
from tests.faults.hostile import UNKNOWN

NO_WORD = [
    "", " ", "!!!", "." * 512, "?!…", '"', '"' * 512, "((" * 200, "- ", "*", "***", "<->", ":*", "'", "''", "\\", "%", "_",
    "OR OR OR", '""', "\ufeff", "\u0300" * 500, "()", "|&!", "\u200b", "\u202e", "\u2028", "\u3000", "—", "¿", "-()", '-""', "\x01\x02", "© ® ™", "°",
]  # fmt: skip
ONLY_EXCLUDES = ["-a", "-(a OR b)", '-"a b"', "-abc*", "-a -b", "-(-(a))", "-a OR -b", "(-a)"]
NOT_STORABLE = ["\0", "a\0b", "from:\0"]
TOO_LONG = [
    "a" * 513,
    "a " * 5000,
    '"' * 10_000,
    "x" * 999_000,
    "é" * 513,
    "(" * 10_000 + "a" + ")" * 10_000,
]

_SYNTAX = [
    "NOT", "AND", "a*", "ab*", "abc*", "a & b | !c", "a:*", "a:1000A", "a:ABCD*", "foo <2> bar", "(a", "a)", "((a) OR", "a OR", "OR a", "a OR OR b", "a -", "--a", "---", "-",
    "((((a))))", "(" * 8 + "a" + ")" * 8, "(" * 9 + "a" + ")" * 9, "(" * 100 + "a" + ")" * 100, ")" * 100 + "a", "-(" * 60 + "a" + ")" * 60, "(a OR " * 60 + "b" + ")" * 60,
    '"a ' * 100, '"a" ' * 64, "“a b” „c d“ «e f»", '"a"b"c"', '-"a -"b', '("a)"', "a OR " * 100 + "a", "-a " * 170 + "b", "abc* " * 60, "a(b)c", "(a)(b)", "a-b--c---d", "::::", "a::b", "from:from:from:",
    "to:x is:y has:z", "near:", 'near:"', "re:.*", "+a", "~a", "a^2", "a~2", "[1 TO 5]", "{1 TO 5}", "title:(a b)", "a?b", "a??", "*a", "a*b", "***a***", "field:>5", "site:x", "@a", "#a", "/a/", "a||b", "a&&b", "!a",
]  # fmt: skip
_SQL = [
    "' OR 1=1 --", "'; DROP TABLE passage; --", "%' LIKE '%", "\\' \\\\", "$$a$$", "E'\\x00'", "U&'\\0061'", "1; SELECT pg_sleep(9)", "x'::tsquery", "'||'a", "/* a */", "a -- b", "a' UNION SELECT null", ":within::narrowing", "$1 $2",
    "%s %d %n", "_%_%_", "\\%\\_", "ESCAPE '\\'", "a\\", "\\N a",
]  # fmt: skip
_TEMPLATES = [
    "{{7*7}}", "${jndi:ldap://x}", "<%= 7 %>", "{0}{a!r}", "$(id)", "`id`", "() { :;}; id", "| cat /etc/passwd", "../../etc/passwd", "file:///etc/passwd", "<script>alert(1)</script>", "<mark>a</mark>", "]]>a<!--",
    "&lt;a&gt; &amp; &#x0;", "a\r\nX-Evil: 1", "*)(uid=*))(|(a=*", '{"$gt": ""}', "__proto__ constructor", "%00 %0a %ff", "\\u0000 \\x00 \\0", "=1+1 @SUM(A1)", "data:text/html;base64,YQ==", "\x1b[31ma", "a\x01b", "a\x7f", "a\tb\nc\vd",
]  # fmt: skip
_REGEX = [
    "(a+)+$ " + "a" * 400 + "!",
    "re:.*(a+)+$",
    "[[:alpha:]]+",
    "(?i)a(?<=a)",
    "\\d{1,99999}",
    "a{0,65535}",
    "^a$|b",
    "[^]a",
    "(?P<n>a)",
    "\\1 \\b",
]
_NOTHINGS = ["null", "NULL", "None", "undefined", "NaN", "Infinity", "true", "[]a", "{}a", "nil (null) #N/A", "0", "-0", "-1", "1.5e309", "0x7fffffffffffffff", "9" * 512, "1,000.00", "१२३", "٣", "Ⅷ ½ ²", "1" * 20 + "." + "0" * 20]  # fmt: skip
_LONG = [
    "word" * 128, "日" * 512, "日本" * 256, "a" * 500 + "*", "a-" * 256, "a." * 256, "a_" * 256, "a/" * 256, "a@" * 256, "aB" * 256, "a1" * 256, "1." * 256, "A" * 512, "http://" + "a/" * 250, "e\u0301" * 200, "ﷺ" * 500, "\u200da" * 256, "😀" * 512,
    "C++ " * 128, "a:" * 256, "ß" * 512, "İ" * 512, "ก" * 512, "한" * 512,
]  # fmt: skip
_MANY = [" ".join(string.ascii_lowercase), " ".join(f"w{n}" for n in range(100)), " ".join(string.ascii_letters * 4), "the of and", "a the", "the " * 128, "pension " * 64, " ".join("日" * 256), "\u00a0a\u2003b\u3000c", "a\u200bb\u200cc\ufeffd"]  # fmt: skip
_ADDRESSES = ["http://a.b/c?d=e#f", "a@b.example", "//a", "http://[::1]:80/", "C:\\a\\b.txt", "a.tar.gz", "C++ C# .NET", "v1.2.3-rc.1+build", "10.0.0.1/8", "+49 30 1234", "snake_case camelCase kebab-case SCREAMING_CASE", "__init__.py", "a->b a=>b a<=b", "x=1;y=2", "#include <a.h>", "@a/b"]  # fmt: skip
_EMOJI = ["😀", "👩‍👩‍👧‍👦 family", "👍🏽 👍🏿", "🇩🇪🇫🇷", "🇩", "1️⃣ #️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️ ❤", "👁‍🗨", "\u200d\u200d😀", "🏽", "☃ ♻ ©", "⭐ -(⏰ ⌘)", "foo -(© ®)", "-😀 a", "😀*", '"😀 😀"']  # fmt: skip
_BIDI = [
    f"a{chr(c)}b" for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
]
_CASING = ["İstanbul ß ﬁ", "ǅ ǆ Ǆ", "ſtraſze", "KÅ", "ΣΑΣ σας", "Ŀ ŉ ΐ", "T\u0307\u0323", "ａｂｃ１２３", "𝒶𝓫𝖈", "Z\u0351\u036b\u0343\u036aa\u0353\u034el\u0319g\u031do", "각 \u1100\u1161\u11a8", "ｶﾞ ガ", "ﬀﬃ", "Å \u212b A\u030a"]  # fmt: skip
_SCRIPTS = [
    "日本語", "日本 OR 中国", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "ওহে বিশ্ব", "வணக்கம்", "హలో", "สวัสดีชาวโลก", "ສະບາຍດີ", "សួស្តី", "မင်္ဂလာပါ", "བོད་སྐད", "გამარჯობა", "Բարեւ", "ሰላም ለዓለም", "ᎣᏏᏲ", "ᠮᠣᠩᠭᠣᠯ", "안녕 세상", "こんにちは世界",
    "Привет мир", "Γειά σου", "𐌲𐌿𐍄", "𒀀𒁀", "𓀀𓀁", "𞤀𞤁", "ߒߞߏ", "ᚠᚢᚦ", "𠀀𠀁", "aбв日ג", "pаypal", "日a本b", "שלוםabc123", "日本*", "-日本 a", '"日 本"', "จะ*", "ㄅㄆ", "〇々",
]  # fmt: skip
# One character of every kind that Unicode knows, and those that belong to none.
_CLASSES = [
    f"a{c}b {c} {c}a" for c in
    "ǅʰªः⃝̀Ⅳ²‿—［］«»∑€˄©\u2028\u2029\u00ad\ue000\U000f0000\U0010ffff\ufffe\ufdd0\ufffd\ufff9\u180e\ufe0f\u034f\u115f\u3164\u2800\U000e0001\U000e0100\x85\xa0"
]  # fmt: skip
_PUNCTUATION = [f"a{c}b {c}c d{c} {c}{c}" for c in string.punctuation]
_VALUES = (
    "", "x", '""', '"', '" "', '"a b"', "%", "_", "\\", "'", "*", ":", "-", ",", "(", "a,b", "a..b", "0", "-1", "1e999", "9" * 300, "null", "é", "日本", "😀", "\u202e", "../..", UNKNOWN, UNKNOWN[:-1],
    ">1gb", "<", ">", "3-", "7-3", "1-2-3", "99999999999999999999", "me", "ME", "2025", "x" * 480,
)  # fmt: skip
_FILTERS = [
    "from:me -from:me", "type:file -type:file", "type:zzz", "ext:.", "lang:xx", "in:a in:b -in:a", " ".join(f"from:p{n}" for n in range(50)), " ".join(f"-in:{n}" for n in range(64)), "FROM:ME", "From:me", "from :me", "from: me",
    "from:“ada b”", "-(from:me)", "(from:me OR from:ada)", "from:me OR in:x", '"from:me"', "from:me:ada", "--from:me", "-from:me a", "on:today -on:today", "lang:en -lang:en",
]  # fmt: skip
_DATES = [
    f"{op}:{value}"
    for op, value in zip(
        cycle(("before", "after", "on", "during")),
        ("9999-99-99", "99999999", "0001-01-01", "9999-12-31", "2026-13", "2026-00", "2025-02-30", "0000", "10000", "-2025", "+2025", "2025-1-1", "2025/01/01", "01.02.2025", "1e3", "٢٠٢٥", "2025-03-04T00:00Z", "0001", "9999", '"last fortnight"', "tomorrow", '" today "', "TODAY", "-", "2025-"),
        strict=False,
    )
] + [f"last:{value}" for value in ("0d", "-1d", "99999y", "100000d", "7", "d", "7dd", "1.5d", "٧d", "24H", "99999h", '"7 d"')] + [
    "after:2025 before:2025", "after:9999 -before:0001", "-on:2025-03 -on:2025-04 on:2025", "last:1d -last:2d",
]  # fmt: skip
# Each operator with every fourth of the broken values, another fourth for the next operator.
BROKEN_OPERATORS = [
    f"{op}:{value}" for n, (op, value) in enumerate(product(OPERATORS, _VALUES)) if n % 4 == n // len(_VALUES) % 4
]  # fmt: skip
ODD = list(dict.fromkeys([
    *_SYNTAX, *_SQL, *_TEMPLATES, *_REGEX, *_NOTHINGS, *_LONG, *_MANY, *_ADDRESSES, *_EMOJI, *_BIDI, *_CASING, *_SCRIPTS, *_CLASSES, *_PUNCTUATION,
    *_FILTERS, *_DATES, *BROKEN_OPERATORS,
]))  # fmt: skip

# By the field that the refusal names.
PARAMETERS = {
    "limit": ["0", "101", "x", "1e3", "9" * 5000, "٣", "-1", "1.5", ""],
    "semantic_ratio": ["nan", "inf", "2", "-0.1", "x", "1e999", "0x1"],
    "recency": ["-1", "10.1", "nan", "x"],
    "mode": ["x", "HYBRID", "hybrid ", ""],
    "sort": ["x", "Newest", "-newest", "date"],
    "type": ["x", "image", "messages", ""],
    "group_by": ["x", "item"],
    "group_limit": ["0", "11", "x"],
    "highlight": ["x", "HTML"],
    "crop": ["0", "201", "-1"],
    "context": ["6", "-1", "x"],
    "recall": ["x", "exact "],
    "lang": ["EN", "eng", "e", "日本", "e\n"],
    "tz": ["x", "../../etc/passwd", "Europe", "/etc/localtime", "utc\0", "A" * 65, "+02:00"],
    "min_seq": ["-1", "9" * 30, "x", str(2**62 + 1)],
    "rerank": ["x", "2", ""],
    "explain": ["x", "maybe"],
    "facets": ["x", "type,x", "TYPE", "__proto__", "type;from", "\0"],
    "filter": ["x", "from:", "before:x", "\0", ":x", "x:y", "-", "-from:", "type:zzz", "last:7", "from", "{", "[", '{"and"', "[{]", "{}{}", "[" * 1000 + "]" * 1000, '{"op": "from", "op": "in"}'],
    "cursor": ["x", "\0", "é", "A" * 2049, "A" * 64, "==", ".", "A" * 40 + "." + "B" * 40, " ", "-" * 62],
}  # fmt: skip

_LEAF: dict[str, object] = {"op": "from", "value": "ada"}


def _nested(depth: int) -> dict[str, object]:
    return {"not": _nested(depth - 1)} if depth else _LEAF


# What is no filter of a JSON body, in whatever form filters are given.
NO_FILTERS = {
    "text": "from:ada", "number": 1, "true": True, "list of texts": ["from:ada"], "list of lists": [[_LEAF]], "list of nulls": [None], "empty leaf": [{}],
    "no value": [{"op": "from"}], "no operator": [{"value": "ada"}], "unknown operator": [{"op": "x", "value": "a"}], "operator in capitals": [{"op": "FROM", "value": "a"}],
    "empty value": [{"op": "from", "value": ""}], "number as value": [{"op": "from", "value": 1}], "null as value": [{"op": "from", "value": None}], "list as value": [{"op": "from", "value": ["a"]}],
    "object as value": [{"op": "from", "value": {"$ne": ""}}], "long value": [{"op": "from", "value": "a" * 513}], "NUL": [{"op": "from", "value": "\0"}], "surrogate": [{"op": "from", "value": "\ud800"}],
    "text as negated": [{**_LEAF, "negated": "perhaps"}], "unknown field": [{**_LEAF, "boost": 2}], "33 filters": [_LEAF] * 33, "no date": [{"op": "on", "value": "soon"}], "list as operator": [{"op": ["from"], "value": "a"}],
    "misspelt and": {"nad": [_LEAF]}, "two heads": {"and": [_LEAF], "or": [_LEAF]}, "and of text": {"and": "from:ada"}, "and of nothing known": {"and": [{"xor": []}]}, "not of a list": {"not": [_LEAF]}, "not of null": {"not": None},
    "empty object": {}, "leaf and branch": {**_LEAF, "and": [_LEAF]}, "or of one broken": {"or": [_LEAF, {"op": "x", "value": "a"}]},
    "empty and": {"and": []}, "empty or": {"or": []}, "branch that is negated": {"not": _LEAF, "negated": True}, "17 alternatives": {"or": [{"op": "ext", "value": str(n)} for n in range(17)]},
    "32 alternatives of five or": {"and": [{"or": [{"op": "ext", "value": f"{n}{m}"} for m in "ab"]} for n in range(5)]}, "nested nine deep": _nested(9), "33 leaves": {"and": [{"or": [_LEAF]}] * 33},
    "33 leaves in two": [{"and": [_LEAF] * 17}, {"and": [_LEAF] * 16}], "like in or": {"or": [{"op": "like", "value": UNKNOWN}, _LEAF]}, "like in not": {"not": {"op": "like", "value": UNKNOWN}},
    "negated like": [{"op": "like", "value": UNKNOWN, "negated": True}],
    "no id": [{"op": "near", "value": "x"}], "no page": [{"op": "page", "value": "0"}], "pages backwards": [{"op": "page", "value": "7-3"}], "no size": [{"op": "size", "value": "big"}], "no state": [{"op": "is", "value": "read"}],
}  # fmt: skip
