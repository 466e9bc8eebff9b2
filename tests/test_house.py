import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SOURCES = sorted([*ROOT.glob("bridgenet/**/*.py"), *ROOT.glob("app/**/*.py")])
PAGE = sorted(path for kind in ("*.js", "*.ts", "*.css") for path in (ROOT / "app" / "browser").glob(f"**/{kind}"))
PAGE = [path for path in PAGE if "node_modules" not in path.parts]
WRITTEN = {".py", ".md", ".toml", ".yml", ".cff", ".js", ".mjs", ".ts", ".css", ".json", ".ipynb", ""}
FOLDERS = ("bridgenet", "app", "tests", "notebooks", "benchmarks", "checkpoints", "docs", ".ci")

DOORS = {
    "torch.distributed": "bridgenet/learning/runtime.py",
    "torchvision.transforms": "bridgenet/data/transforms.py",
    "torchvision.tv_tensors": "bridgenet/data/transforms.py",
}
"""Parts of a dependency that only one file may import; import-linter knows whole packages only."""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


USERS = {
    "the studio": "app/**/*.py",
    "the notebooks": "notebooks/*.ipynb",
    "the commands": "bridgenet/*.py benchmarks/*.py docs/*.py",
    "the README": "README.md",
}
"""Who asks the library for names, and where what they ask stands."""


def code_of(places: str) -> list[str]:
    """The Python of each file: of notebooks that of the cells, of Markdown that of the examples."""
    code = []
    for file in (file for place in places.split() for file in ROOT.glob(place)):
        text = file.read_text()
        if file.suffix == ".ipynb":
            cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
        elif file.suffix == ".md":
            text = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
        code.append(text)
    return code


def written_in(places: str) -> str:
    return "\n".join(code_of(places))


def asked_of(package: str, code: str) -> set[str]:
    """Names that code asks a package for: `package.name`, or imported from it, not from one of its modules."""
    asked, called = set(), package.rpartition(".")[2]
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            asked |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == called:
            asked.add(node.attr)
    return asked


def make(*arguments: str, folder: Path = ROOT) -> str:
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_lower_layers_do_not_import_upper_ones() -> None:
    run = lint_imports(ROOT)
    assert run.returncode == 0, run.stdout


def test_a_planted_import_is_reported_with_its_line(tmp_path: Path) -> None:
    for name in ("bridgenet", "app"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, imported in (
        ("bridgenet/trace.py", "import timm\nimport bridgenet.model\n"),
        ("bridgenet/inspection/places.py", "import bridgenet.drawing\n"),
        ("app/view/wording.py", "import app.tabs.views\n"),
        ("app/tabs/tpp/page.py", "import app.tabs.bridge.page\n"),
    ):
        planted = tmp_path / file
        planted.write_text(imported + planted.read_text())
    run = lint_imports(tmp_path)
    assert run.returncode != 0
    assert "bridgenet.trace -> timm (l.1)" in run.stdout
    assert "bridgenet.trace -> bridgenet.model (l.2)" in run.stdout
    assert "bridgenet.inspection.places -> bridgenet.drawing (l.1)" in run.stdout
    assert "app.view.wording -> app.tabs.views (l.1)" in run.stdout
    assert "app.tabs.tpp.page -> app.tabs.bridge.page (l.1)" in run.stdout


@pytest.mark.parametrize("package", ["bridgenet.drawing", "bridgenet.inspection"])
def test_every_name_of_the_library_is_used_by_two_or_says_for_whom_it_is(package: str) -> None:
    files = {user: [asked_of(package, code) for code in code_of(places)] for user, places in USERS.items()}
    sources = written_in(f"{package.replace('.', '/')}/**/*.py")
    for name in import_module(package).__all__:
        users = {user for user, asked in files.items() if any(name in names for names in asked)}
        begins = rf"^(?:(?:class|def) {name}\b.*?|{name} = [^\n]*\n)"
        about = re.search(begins + r'"""(.*?)"""', sources, re.MULTILINE | re.DOTALL)
        said = about and re.search(rf"For ({'|'.join(USERS)}|your own programs)\b", about[1])
        assert len(users) >= 2 or said, f"{name} is used by {users or 'nobody'}"
        if said and said[1] in USERS:
            assert said[1] in users, f"{name} says that it is for {said[1]}, who do not use it"
        parts = sum(name in names for names in files["the studio"])
        assert said is None or said[1] != "the studio" or parts > 1, f"import {name} from its module"


@pytest.mark.slow
@pytest.mark.parametrize("part", DOORS)
def test_a_big_dependency_has_one_door(part: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(name == part or name.startswith(f"{part}.") for name in imports(path))
    }
    assert users == {DOORS[part]}


def test_make_help_names_every_target() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) == {
        *("help", "demo", "lab", "test", "test-fast", "test-gpu", "check", "check-types", "check-style"),
        *("train", "notebooks", "screenshots"),
    }
    listed = re.findall(r"^  make ([a-z-]+) +\S", make("help"), re.MULTILINE)
    assert listed == targets


def test_a_second_make_installs_nothing_until_the_dependencies_change(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    assert "pip install" in make("-n", "demo", folder=tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/python", ".installed", ".installed-all"):
        (tmp_path / ".venv" / name).touch()
    for target in ("demo", "test"):
        assert "pip install" not in make("-n", target, folder=tmp_path)
    later = (tmp_path / ".venv" / ".installed-all").stat().st_mtime + 10
    os.utime(tmp_path / "pyproject.toml", (later, later))
    for target in ("demo", "test"):
        assert "pip install" in make("-n", target, folder=tmp_path)


def test_the_checks_of_the_page_are_installed_once_until_their_lock_file_changes(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "app/browser/package.json", "app/browser/package-lock.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert "npm ci" in make("-n", "check", folder=tmp_path)
    assert "npm" not in make("-n", "test", folder=tmp_path)
    (tmp_path / "app" / "browser" / "node_modules").mkdir()
    (tmp_path / "app" / "browser" / "node_modules" / ".installed").touch()
    assert "npm ci" not in make("-n", "check", folder=tmp_path)
    later = (tmp_path / "app" / "browser" / "node_modules" / ".installed").stat().st_mtime + 10
    os.utime(tmp_path / "app" / "browser" / "package-lock.json", (later, later))
    assert "npm ci" in make("-n", "check", folder=tmp_path)


def test_without_node_the_check_says_what_to_install(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "app" / "browser", tmp_path / "app" / "browser", ignore=shutil.ignore_patterns("node_modules")
    )
    shutil.copy(ROOT / "Makefile", tmp_path)
    command = [shutil.which("make") or "make", "app/browser/node_modules/.installed"]
    run = subprocess.run(command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "apt-get install nodejs npm" in run.stdout


def test_an_old_python_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    run = subprocess.run(["make", f"PYTHON={old}", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert not (tmp_path / ".venv").exists()


def test_what_the_code_imports_is_declared() -> None:
    """Also what would come along with another dependency: until that one changes its mind."""
    written = {(name.split(".")[0], file) for file in SOURCES for name in imports(file)}
    own = {*sys.stdlib_module_names, "app", "bridgenet"}
    project = PYPROJECT["project"]
    extras = [entry for name, extra in project["optional-dependencies"].items() if name != "test" for entry in extra]
    entries = [*project["dependencies"], *extras]
    declared = {re.split(r"[\[<>=; ]", entry)[0].lower() for entry in entries}
    brought_by = packages_distributions()
    missing = {
        f"{file.relative_to(ROOT)} imports {name}"
        for name, file in written
        if name not in own and not {one.lower().replace("_", "-") for one in brought_by.get(name, ())} & declared
    }
    assert not missing


def test_every_dependency_has_a_lower_bound() -> None:
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    listed = [*project["dependencies"], *(entry for name in extras if name != "all" for entry in extras[name])]
    assert [entry for entry in listed if not re.fullmatch(r"[\w.-]+(\[[\w,]+\])?>=\d[\d.]*", entry)] == []


def test_all_means_all_extras_that_change_nothing_else() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    (whole,) = extras["all"]
    # The server for assistants pins an older pydantic: whoever wants it asks for it by name.
    assert set(re.findall(r"\w+", whole.partition("[")[2])) == extras.keys() - {"all", "mcp"}


def test_the_citation_names_the_paper_and_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PYPROJECT["project"]["version"]
    assert citation["license"] == PYPROJECT["project"]["license"]
    assert "2312.13514" in citation["preferred-citation"]["url"]


def test_the_conda_environment_installs_the_project_with_all_extras() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert {"pip": ["-e .[all]"]} in environment["dependencies"]
    assert f"python{PYPROJECT['project']['requires-python']}" in environment["dependencies"]


def test_the_licence_is_whole() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence and "9. Accepting Warranty or Additional Liability" in licence


def test_continuous_integration_is_a_sound_script() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    lines = script.read_text().splitlines()
    assert "set -euo pipefail" in lines and "make test" in lines and "make check" in lines


def test_a_required_browser_that_is_missing_stops_the_run(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    conftest = request.config.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
    assert conftest is not None
    monkeypatch.setenv("BRIDGENET_REQUIRE_BROWSER", "1")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.UsageError, match="There is no Chromium"):
        conftest.pytest_sessionstart()
    monkeypatch.delenv("BRIDGENET_REQUIRE_BROWSER")
    conftest.pytest_sessionstart()


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in [*SOURCES, *PAGE]}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


@pytest.mark.parametrize("script", [path for path in PAGE if path.suffix != ".css"], ids=lambda path: path.name)
def test_no_line_of_a_script_is_wider_than_140_columns(script: Path) -> None:
    lines = enumerate(script.read_text().splitlines(), 1)
    assert [number for number, line in lines if len(line) > 140] == []


def files_with(pattern: str) -> list[str]:
    """What is written in the project and holds this, in any of its lines."""
    texts = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in WRITTEN and path.name != ".git"]
    for folder in FOLDERS:
        files = (path for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts)
        texts += [path for path in files if path.is_file() and path.suffix in WRITTEN]
    sought = re.compile(pattern, re.MULTILINE)
    return [str(path.relative_to(ROOT)) for path in texts if sought.search(path.read_text(errors="ignore"))]


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    homes = "|".join(("home", "root", "work", "Users", "mnt"))
    assert files_with(rf"(?<![\w.:/<])/({homes})/\w") == []


def test_no_file_holds_two_versions_of_itself() -> None:
    """A browser passes silently over the rules of a style sheet that the marks of a merge stand before."""
    assert files_with(r"^(<{7}|>{7}|[|]{7}) ") == []
