"""Each language by a line or two as people write them: what is a heading, what is none."""

import pytest

from ingest.languages import LANGUAGES
from ingest.outline import Outline

BY_NAME = {each.name: each for each in LANGUAGES}


def titles(language, text):
    outline = Outline(BY_NAME[language])
    offsets = range(len(outline.feed(text) + outline.flush()))
    return [found.title for at in offsets if (found := outline.take(at)) and found.title]


CASES = [
        ("Python", "class A(B):\n    async def f(self): ...\nx = define()", ["class A", "def f"]),
        (
            "JavaScript",
            "export default async function f() {\nconst g = (a) => 1\nclass A {\n  get b() {\n  if (x) {\n  h(x);",
            ["function f", "const g", "class A", "get b"],
        ),
        (
            "TypeScript",
            "export interface A<T> {\nexport const f = async (a: B): Promise<C> => {\n  g(a: B): C {\n",
            ["interface A", "const f", "g"],
        ),
        ("Go", "func (s *Server) Serve(w io.Writer) {\ntype A struct {\nvar x", ["func (s *Server) Serve", "type A"]),
        ("Rust", "pub(crate) async fn f<T>(a: T) {\nimpl<T> A for B<T> {\nuse x;", ["fn f<T>", "impl<T> A for B<T>"]),
        (
            "Java",
            "public final class A<T> {\n  private static int f(int a) {\n  return g(a);\n  if (b) {\n  x.y(z);\n",
            ["class A<T>", "int f"],
        ),
        ("Kotlin", "data class A(val b: Int)\n  override suspend fun f() {\n", ["class A", "fun f"]),
        ("Swift", "public struct A {\n  init(x: Int) {\n  func f() {", ["struct A", "init", "func f"]),
        ("Scala", "case class A(b: Int)\n  def f = 1", ["class A", "def f"]),
        ("C#", "public record A(int B)\n  public async Task<int> F(int a)\n  var x = F(1);", ["record A", "Task<int> F"]),
        ("C", "static int *f(int a,\n    int b)\n{\nint g(void);\nstruct a {\nreturn f(b", ["static int *f", "struct a"]),
        ("C++", "A::~A() {\ntemplate <class T>\nclass B : public A {\nstd::string f() const {", ["A::~A", "class B", "std::string f"]),
        ("Ruby", "module A\n  def self.b?(c)\nend", ["module A", "def self.b?"]),
        ("PHP", "final class A {\n  public static function &f() {", ["class A", "function &f"]),
        ("Perl", "package A::B;\nsub f {", ["package A::B", "sub f"]),
        ("Lua", "local function a.b()\nx = 1", ["function a.b"]),
        ("R", "f.x <- function(a) {\ny <- 1", ["f.x"]),
        ("shell script", "function a {\nb-c() {\necho d", ["a", "b-c"]),
        ("PowerShell", "Function Get-It {", ["Function Get-It"]),
        ("SQL", "CREATE TABLE IF NOT EXISTS a.b (\n-- name: find_it\nselect 1", ["CREATE TABLE IF NOT EXISTS a.b", "name: find_it"]),
        ("Haskell", "data A = B\nf :: Int -> Int\nf x = x", ["data A", "f"]),
        ("Elixir", "defmodule A.B do\n  def f?(x) do", ["defmodule A.B", "def f?"]),
        ("Julia", "function f!(x)", ["function f!"]),
        ("Dart", "class A {\n  Widget build(BuildContext c) {", ["class A", "Widget build"]),
        (
            "Groovy",
            "class A {\n  def f(x) {\n    stage('Build') {\n  def y = 1\n",
            ["class A", "def f", "stage('Build')"],
        ),
        (
            "Makefile",
            ".PHONY: all\nVAR := a: b\nall: test\n\tdocker run a:b\n%.o: %.c\n\techo a: b\n$(OUT): x",
            ["all", "%.o", "$(OUT)"],
        ),
        ("Dockerfile", "FROM python:3.11 AS base\nRUN x\nfrom base", ["FROM python:3.11 AS base", "from base"]),
        ("CSS", "a { color: red }", []),
        ("YAML", "a:\n  b: 1\n  c: |\n    d\n- e:", ["a", "c"]),
        ("TOML", "[a.b]\nc = [1]\n[[d]]", ["[a.b]", "[[d]]"]),
        ("settings", "[a]\nb = c", ["[a]"]),
        ("patch", "diff --git a/x b/x\n+y\nIndex: z", ["a/x", "z"]),
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_declarations_are_headings(language, text, expected):
    assert titles(language, text) == expected


def test_every_language_is_tried_above():
    assert {case[0] for case in CASES} == BY_NAME.keys()
