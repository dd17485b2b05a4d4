"""`make run` on a bare machine: what the set-up says when something is missing, and that a repeat costs nothing.

The installation itself needs the package index, so it is tested by every fresh clone, not here.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shape.tree import ROOT, tracked

TOOLS = ("sh", "cat", "cksum", "dirname", "grep", "cut", "id", "rm", "printf", "readlink")


@pytest.fixture
def clone(tmp_path):
    """The parts of a checkout that the set-up reads, in a folder with a space."""
    here = tmp_path / "a clone"
    for path in (Path("deploy/setup.sh"), *(p for p in tracked() if p.suffix == ".lock")):
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, here / path)
    return here


def set_up(clone, path, **environment):
    return subprocess.run(
        [clone / "deploy" / "setup.sh", "run"],
        env={"PATH": str(path), "HOME": str(clone), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def folder_of_tools(tmp_path, **programs):
    """Return a PATH that holds the ordinary tools and the given shell scripts, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("programs", [{}, {"python3": "exit 1"}], ids=["none", "old"])
def test_a_missing_or_old_python_is_named_with_the_remedy(clone, tmp_path, programs):
    done = set_up(clone, folder_of_tools(tmp_path, **programs))
    assert done.returncode == 1
    assert done.stderr.startswith("recollect: Python 3.11 or newer is needed: install one")
    assert len(done.stderr.splitlines()) == 1


def test_a_python_without_venv_names_its_package(clone, tmp_path):
    script = 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; esac'
    done = set_up(clone, folder_of_tools(tmp_path, python3=script))
    assert done.returncode == 1
    assert (
        "lacks the module venv: install it (Debian: apt-get install python3.11-venv)" in done.stderr
    )


def test_a_repeat_does_nothing(clone, tmp_path):
    path = folder_of_tools(tmp_path)
    parts = "cat requirements/bootstrap.lock requirements/{}.lock deploy/setup.sh | cksum"
    (clone / ".venv").mkdir()
    for made_for in ("run", "dev"):
        sums = subprocess.check_output(
            parts.format(made_for), shell=True, cwd=clone, text=True
        ).strip()
        (clone / ".venv" / "recollect.stamp").write_text(f"{made_for} {sums} {clone}")
        done = set_up(clone, path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_explains_every_command():
    shown = subprocess.check_output(
        ["make", "help"], cwd=ROOT, text=True, env={"PATH": os.environ["PATH"]}
    )
    named = [line.split()[1] for line in shown.splitlines()]
    phony = (ROOT / "Makefile").read_text().split(".PHONY: ")[1].splitlines()[0].split()
    assert sorted(named) == sorted(phony)


def test_recipes_are_short():
    recipes = (ROOT / "Makefile").read_text().split("\n\n")
    assert (
        max(sum(line.startswith("\t") for line in recipe.splitlines()) for recipe in recipes) <= 3
    )
