"""Programming languages and other line-based notations whose text is kept exactly: what tells them, and what their headings look like.

A declaration is found by one regular expression at a line's start, behind its indentation; group 1 is the heading. That is
right for code as people format it, and a wrong guess costs a heading, never a character. No parser is needed or wanted.
Left out: languages whose suffix means something else as often (.m, .v, .pl of Prolog), and declarations over several lines.
"""

from typing import Final, NamedTuple

WORD: Final = r"[\w$.:]+"
MODIFIERS: Final = (
    r"(?:(?:public|private|protected|internal|static|final|abstract|sealed|open|override|async|export|default|partial|"
    r"unsafe|virtual|readonly|data|inline|suspend|case|implicit|lazy|declare|fileprivate|mutating|inner|enum(?= class))\s+)*"
)
# `int main(` or `Foo::Foo(`; not `return f(`, not `f(x);`
C_FUNCTION: Final = (
    r"(?!(?:if|for|foreach|while|switch|return|else|do|case|goto|catch|throw|new|delete|sizeof|using|lock|yield|await|"
    r"typedef|when|match|print|echo|assert|and|or|not|in)\b)"
    r"((?:[A-Za-z_][\w:<>,*&\[\]?.\s]*[\s*&]~?|[A-Za-z_]\w*::~?)[A-Za-z_][\w:]*)\s*\([^;=]*$"
)
C_TYPE: Final = r"(?:typedef\s+)?((?:struct|union|enum(?:\s+class)?|class|namespace|interface|record|trait|object|protocol|extension|actor|module)\s+\w[\w:.<>]*)(?!.*;\s*$)"
METHOD: Final = r"(?!(?:if|for|while|switch|catch|with|return|function)\b)((?:get |set )?#?[\w$]+)\s*\([^;]*\)[^;()]*\{\s*$"
SLASHES: Final = r"//|/\*|\*|@\w|#\["
HASH: Final = r"#(?!!)"


class Language(NamedTuple):
    """`lead` is what may stand right above a declaration and belongs to it.

    In a flat notation a heading reigns until the next one; elsewhere until a line that is indented no deeper.
    """

    media_type: str
    name: str
    suffixes: tuple[str, ...]
    declaration: str = ""
    lead: str = ""
    interpreters: tuple[str, ...] = ()  # as a #! line names them
    is_flat: bool = False
    names: tuple[str, ...] = ()  # of files without a suffix, in lower case


LANGUAGES: Final = (
    Language(
        "text/x-python", "Python", (".py", ".pyi", ".pyw"),
        r"(?:async\s+)?((?:def|class)\s+\w+)", r"#(?!!)|@\w", ("python", "python3"), names=("sconstruct", "sconscript", "snakefile", "wscript"),
    ),
    Language(
        "text/javascript", "JavaScript", (".js", ".mjs", ".cjs", ".jsx"),
        rf"{MODIFIERS}((?:function\*?|class)\s+{WORD}|(?:const|let|var)\s+{WORD}(?=\s*=\s*(?:async\s*)?(?:function|\([^)]*\)\s*=>|\w+\s*=>)))|{METHOD}",
        SLASHES, ("node",),
    ),
    Language(
        "text/x-typescript", "TypeScript", (".ts", ".tsx", ".mts", ".cts"),
        rf"{MODIFIERS}((?:function\*?|class|interface|enum|type|namespace)\s+{WORD}|(?:const|let|var)\s+{WORD}(?=[^=]*=\s*(?:async\s*)?(?:function|\([^)]*\)[^=]*=>|\w+\s*=>)))|{METHOD}",
        SLASHES, ("deno", "ts-node"),
    ),
    Language("text/x-go", "Go", (".go",), r"((?:func(?:\s*\([^)]*\))?|type)\s+\w+)", r"//|/\*|\*"),
    Language(
        "text/x-rust", "Rust", (".rs",),
        r"(?:pub(?:\([^)]*\))?\s+)?(?:(?:async|const|unsafe|extern(?:\s+\"\w+\")?|default)\s+)*((?:fn|struct|enum|trait|impl|mod|macro_rules!|union)\b[^({;]+)",
        SLASHES,
    ),
    Language("text/x-java", "Java", (".java",), rf"{MODIFIERS}(?:{C_TYPE}|{C_FUNCTION})", SLASHES),
    Language("text/x-kotlin", "Kotlin", (".kt", ".kts"), rf"{MODIFIERS}((?:fun|class|interface|object)\s+{WORD})", SLASHES),
    Language("text/x-swift", "Swift", (".swift",), rf"{MODIFIERS}((?:func|class|struct|enum|protocol|extension|actor)\s+{WORD}|init\b)", SLASHES),
    Language("text/x-scala", "Scala", (".scala", ".sc"), rf"{MODIFIERS}((?:def|class|trait|object)\s+{WORD})", SLASHES, ("scala",)),
    Language("text/x-csharp", "C#", (".cs",), rf"{MODIFIERS}(?:{C_TYPE}|{C_FUNCTION})", rf"{SLASHES}|\["),
    Language("text/x-c", "C", (".c", ".h"), rf"(?:{C_TYPE}|{C_FUNCTION})", SLASHES),
    Language("text/x-c++", "C++", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx"), rf"(?:{C_TYPE}|{C_FUNCTION})", rf"{SLASHES}|template\b"),
    Language("text/x-ruby", "Ruby", (".rb",), r"((?:def|class|module)\s+[\w.:?!=]+)", HASH, ("ruby",),
        names=("gemfile", "rakefile", "vagrantfile", "podfile", "fastfile", "guardfile", "brewfile")),
    Language("text/x-php", "PHP", (".php",), rf"{MODIFIERS}((?:function\s+&?|class\s+|trait\s+|interface\s+)\w+)", SLASHES, ("php",)),
    Language("text/x-perl", "Perl", (".pl", ".pm"), r"((?:sub|package)\s+[\w:]+)", HASH, ("perl",)),
    Language("text/x-lua", "Lua", (".lua",), rf"(?:local\s+)?(function\s+{WORD})", "--", ("lua",)),
    Language("text/x-r", "R", (".r",), rf"({WORD})\s*(?:<-|=)\s*function\b", HASH, ("Rscript",)),
    Language(
        "text/x-shellscript", "shell script", (".sh", ".bash", ".zsh", ".ksh"),
        r"(?:function\s+([\w:-]+)|([\w:-]+)\s*\(\s*\))", HASH, ("sh", "bash", "zsh", "ksh", "dash"),
        names=(".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile", "pkgbuild"),
    ),
    Language("text/x-powershell", "PowerShell", (".ps1", ".psm1"), r"(?i)((?:function|filter|class)\s+[\w:-]+)", r"#"),
    Language(
        "application/sql", "SQL", (".sql",),
        r"(?i)((?:create|alter)\s+(?:or\s+replace\s+)?(?:(?:temp|temporary|unlogged|materialized|unique|global|recursive)\s+)*"
        r"(?:table|view|function|procedure|index|type|trigger|schema|sequence|policy|role|database|domain|extension)\s+"
        r"(?:if\s+not\s+exists\s+)?[\w.\"]+)|--\s*(name:\s*\w+)", "--", is_flat=True,
    ),
    Language("text/x-haskell", "Haskell", (".hs",), r"((?:data|newtype|class|instance|module)\s+\w[\w.]*|\w+(?=\s*::))", "--"),
    Language("text/x-elixir", "Elixir", (".ex", ".exs"), r"((?:def|defp|defmodule|defmacro|defprotocol)\s+[\w.?!]+)", rf"{HASH}|@\w"),
    Language("text/x-julia", "Julia", (".jl",), r"((?:function|struct|mutable struct|module|macro)\s+[\w.!]+)", HASH, ("julia",)),
    Language("text/x-dart", "Dart", (".dart",), rf"{MODIFIERS}(?:{C_TYPE}|{C_FUNCTION})", SLASHES),
    Language(
        "text/x-groovy", "Groovy", (".groovy", ".gradle"),
        rf"{MODIFIERS}((?:def|class|interface|trait)\s+\w+|stage\s*\([^)]*\))(?=.*[({{])", SLASHES, ("groovy",), names=("jenkinsfile",),
    ),
    Language(
        "text/x-makefile", "Makefile", (".mk", ".mak"), r"(?!\.PHONY)([\w./%$(){}-]+)\s*::?(?=\s|$)", HASH, ("make",),
        is_flat=True, names=("makefile", "gnumakefile", "kbuild"),
    ),
    Language("text/x-dockerfile", "Dockerfile", (".dockerfile",), r"(?i)(FROM\s+\S.*)", HASH, is_flat=True, names=("dockerfile", "containerfile")),
    Language("text/css", "CSS", (".css", ".scss", ".less")),
    Language("application/yaml", "YAML", (".yaml", ".yml"), r"([A-Za-z_][\w./ -]*|\"[^\"]+\"):\s*(?:[|>&!#].*)?$", "#"),
    Language("application/toml", "TOML", (".toml",), r"(\[\[?[^\]]+\]\]?)", "#", is_flat=True, names=("pipfile",)),
    Language("text/x-ini", "settings", (".ini", ".cfg", ".conf", ".properties", ".service"), r"(\[[^\]]+\])", "[#;]", is_flat=True,
        names=(".editorconfig", ".env", ".flake8", ".gitconfig", ".gitmodules", ".npmrc", ".pylintrc")),
    Language("text/x-diff", "patch", (".diff", ".patch"), r"(?:diff --git\s+(\S+)|(?:Index:)\s+(\S+))", is_flat=True),
)  # fmt: skip
BY_MEDIA_TYPE: Final = {each.media_type: each for each in LANGUAGES}
# The suffix that a name without one stands for.
BY_NAME: Final = {name: each.suffixes[0] for each in LANGUAGES for name in each.names}
BY_INTERPRETER: Final = {name: each.media_type for each in LANGUAGES for name in each.interpreters}
