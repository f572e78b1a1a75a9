"""The project keeps its word: READMEs, changelog, dependencies and imports agree with what is really there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from assistant import __version__
from assistant.settings import Settings
from sessions import READMES, ROOT, blocks, printed, replayed

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HEAVY = (
    *("chromadb", "langchain_core", "numpy", "openai", "opencc", "pydantic", "rich", "sqlalchemy", "tantivy"),
    "tiktoken",
)


# ---------------------------------------------------------------- helpers


def written(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def fences(name: str, language: str) -> list[str]:
    """The fenced blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", written(name), re.M | re.S)


@cache
def commands() -> frozenset[str]:
    """The commands that there are, by the program's own help."""
    shown = printed("--help")
    return frozenset(re.findall(r"^ {4}([a-z]+)\s", shown[shown.index("COMMAND") :], re.M))


def named_commands(name: str) -> set[str]:
    """The commands that a document's code names."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", written(name), re.S))
    return set(re.findall(r"(?:^|[\s`/])assistant ([a-z]+)\b", code, re.M))


def one_liners(name: str) -> list[str]:
    """The README's commands that start from nothing."""
    return [line for block in fences(name, "sh") for line in block.splitlines() if line.startswith("python3 -m venv")]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!;\[]", name)[0]).lower()


def imported(folder: str) -> set[str]:
    """The distributions that the modules under a folder import, at the top or late."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found |= set(_modules(node))
    own = {path.stem for place in ("tests", "tests/adapters/web", "evals") for path in (ROOT / place).iterdir()}
    ours = sys.stdlib_module_names | {"assistant"} | own
    packages = packages_distributions()
    return {normal(packages[module][0]) if module in packages else module for module in found - ours}


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.split(".")[0]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "import_module":
        yield from (str(a.value).split(".")[0] for a in node.args if isinstance(a, ast.Constant))


# ---------------------------------------------------------------- the READMEs


@pytest.mark.parametrize("name", READMES)
def test_a_readme_names_every_command_and_no_other(name: str) -> None:
    assert named_commands(name) == commands()


@pytest.mark.parametrize("name", READMES)
def test_the_options_that_a_readme_shows_exist(name: str) -> None:
    code = "\n".join(re.findall(r"`[^`\n]+`|^\$ .*$", written(name), re.M))
    for command, options in re.findall(r"assistant ([a-z]+)([^`\n]*)", code):
        known = printed(command, "--help")
        for option in re.findall(r"(?<=\s)--?[a-z]+", options):
            assert re.search(rf"(?<![\w-]){option}\b", known), f"assistant {command} has no {option}"


def test_both_readmes_start_from_the_same_two_commands() -> None:
    english, chinese = (one_liners(name) for name in READMES)
    assert len(english) == len(chinese) == 2
    assert english[1] == chinese[1]
    assert english[0].split(" ask ")[0] == chinese[0].split(" ask ")[0]


@pytest.mark.parametrize("name", READMES)
def test_the_continuous_build_runs_the_readmes_test_command(name: str) -> None:
    assert one_liners(name)[1] == written(".ci/run").splitlines()[-1]


def test_make_setup_is_the_first_half_of_the_test_command() -> None:
    assert one_liners("README.md")[1].removesuffix(" && .venv/bin/pytest") in written("Makefile")


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_files_that_a_document_points_to_are_there(name: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", written(name))
    paths = re.findall(r"`((?:assistant|corpus|evals|tests)/[\w./]*)`", written(name))
    assert paths
    assert [path for path in links + paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_settings_in_a_readme_are_settings(name: str) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", written(name), re.M)
    assert rows
    assert set(rows) <= {str(field.alias) for field in Settings.model_fields.values()}


@pytest.fixture(scope="module")
def readers_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that holds the bundled notes."""
    home = tmp_path_factory.mktemp("readers_home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(home))
        printed("ask", "?")
    return home


SHOWN = [(name, block) for name in READMES for block in blocks(name)]


@pytest.mark.parametrize(("name", "block"), SHOWN, ids=lambda value: value.split("\n")[0])
def test_a_session_in_a_readme_is_what_the_program_prints(
    readers_home: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: str
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(readers_home))
    assert block == replayed(block), f"{name} shows what was; `make readme` writes its sessions anew"


# ---------------------------------------------------------------- version, dependencies, files


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## ([\w.]+)", written("CHANGELOG.md"), re.M)
    assert newest
    assert newest.group(1) == __version__


def test_the_version_is_printed() -> None:
    assert printed("--version").split() == ["assistant", __version__]


def test_dependencies_are_what_is_imported() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    optional = {normal(name) for extra in ("fastembed", "evals") for name in extras[extra]}
    declared = {normal(name) for name in PROJECT["project"]["dependencies"]}
    by_name = {"langchain-openai", "opentelemetry-sdk", "psycopg", "python-multipart"}  # loaded by other libraries
    assert imported("assistant") - optional - {"pydantic-core"} == declared - by_name
    assert imported("tests") <= declared | {normal(name) for name in extras["dev"]}


def test_every_dependency_has_an_exact_version() -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)$", written("constraints.txt"), re.M))
    assert len(pins) == len(written("constraints.txt").split())
    project = PROJECT["project"]
    needed = {normal(name) for name in [*project["dependencies"], *project["optional-dependencies"]["dev"]]}
    assert needed <= set(pins)


def test_no_file_names_a_machine_or_a_registry() -> None:
    machine = r"/[r]oot/|/[w]ork/|/[U]sers/\w|/[h]ome/(?!user\b)\w+/"
    registry = r"\b[p]ypi\.|python[h]osted|registry\.[n]pmjs|index-[u]rl\s*="
    unwanted = re.compile(f"{machine}|{registry}")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if path.suffix not in {".pdf", ".png"} and "tiktoken" not in path.parts
        for match in unwanted.finditer(path.read_text("utf-8", errors="ignore"))
    ]
    assert found == []


# ---------------------------------------------------------------- imports


def loaded(code: str) -> set[str]:
    """The heavy packages that a fresh Python has loaded after running some code."""
    script = f"import sys\n{code}\nprint(*sorted(set(sys.modules) & {set(HEAVY)!r}))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded("import assistant") == set()


def test_help_loads_nothing_heavy() -> None:
    code = "import io, contextlib\nfrom assistant.adapters.cli import build_parser\nbuild_parser().format_help()"
    assert loaded(code) == set()


def test_a_question_outside_a_conversation_opens_no_database(
    readers_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(readers_home))
    ask = "with contextlib.redirect_stdout(io.StringIO()): main(['ask', 'token'{more}])"
    code = f"import io, contextlib\nfrom assistant.adapters.cli import main\n{ask}"
    assert "sqlalchemy" not in loaded(code.format(more=""))
    assert "sqlalchemy" in loaded(code.format(more=", '--conversation', 'new'"))


def test_imports_run_downwards_only() -> None:
    program = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    checked = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
