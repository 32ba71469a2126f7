"""The wheel is whole: what the package reads at run time travels inside it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# folder of the repository → where the wheel carries it
CARRIED = {"src/fedele": "fedele", "graphql": "fedele/graphql_documents", "passes": "fedele/pass_designs"}

# What an installed Fedele finds: run by a bare interpreter that sees the unpacked wheel and the installed dependencies.
PROBE = """
import json, sys
import fedele
from fedele.adapters.apple_wallet.design import load_design
from fedele.adapters.apple_wallet.opening import design_folders, designs_folder
from fedele.api.execution.operations import graphql_folder, read_operations
from fedele.api.texts import LOCALES, refusal_texts
from fedele.db.migrate import MIGRATIONS, head_revision
from importlib.resources import files

designs = [load_design(folder).name for folder in design_folders(designs_folder())]
print(json.dumps({
    "package": fedele.__file__,
    "operations": len(read_operations("member", "console", "till")),
    "schemas": sorted(path.name for path in graphql_folder().glob("*.graphql")),
    "designs": designs,
    "head": head_revision(),
    "functions": len(list((MIGRATIONS / "functions").glob("*.sql"))),
    "programmes": sorted(entry.name for entry in files("fedele.programmes").iterdir() if entry.name.endswith(".yaml")),
    "languages": sorted(locale for locale in LOCALES if locale == "en" or refusal_texts(locale)),
}))
"""


def carried_files() -> set[str]:
    """Every file that the wheel must hold, by its name in the wheel."""
    return {
        f"{place}/{path.relative_to(ROOT / folder)}"
        for folder, place in CARRIED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this repository, built by the backend that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """What is in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_every_file(names: set[str]) -> None:
    """Code, SQL functions, programmes, translations, static files, GraphQL documents, card designs: none is missing."""
    expected = carried_files()
    assert {"fedele/settings.py", "fedele/graphql_documents/member.graphql"} <= expected
    assert sorted(expected - names) == []


def test_the_wheel_carries_nothing_else(names: set[str]) -> None:
    """No tests, no certificates, no demo data: only the package and its own description."""
    ours = carried_files()
    others = {name for name in names - ours if ".dist-info/" not in name and not Path(name).name.startswith(".")}
    assert others == set()
    assert [name for name in names if name.endswith((".pem", ".p12", ".cer", ".key"))] == []


def test_an_installed_wheel_finds_what_it_carries(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere (which is all that installing a pure wheel is) it reads documents, designs, SQL and texts."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert Path(found["package"]).is_relative_to(tmp_path), "the probe looked at the repository instead"
    assert found["schemas"] == ["member.graphql", "staff.graphql"]
    assert found["operations"] == len(list((ROOT / "graphql" / "operations").rglob("*.graphql")))
    assert len(found["designs"]) == len([path for path in (ROOT / "passes").iterdir() if path.is_dir()])
    versions = sorted(path.stem for path in (ROOT / "src/fedele/migrations/versions").glob("2*.py"))
    assert found["head"] == versions[-1]
    assert found["functions"] == len(list((ROOT / "src/fedele/migrations/functions").glob("*.sql")))
    assert found["programmes"] == sorted(path.name for path in (ROOT / "src/fedele/programmes").glob("*.yaml"))
    assert found["languages"] == ["ar", "en", "it", "ru"]


def test_the_command_is_installed(wheel: Path) -> None:
    """`pip install fedele` puts `fedele` on the path."""
    with zipfile.ZipFile(wheel) as archive:
        [entry_points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "fedele = fedele.cli:run" in archive.read(entry_points).decode()
