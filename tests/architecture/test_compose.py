"""docker-compose.yml without an engine: its structure, its promises, and that its image could be built from the tree.

Running it needs docker, which tests do not ask for. What can be checked without is checked here.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from fedele.db.embedded.binaries import MAJOR_VERSION
from fedele.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
OURS = ("app", "worker")
# What Compose itself puts in the place of ${…}; `$$` is a literal dollar sign.
PLACEHOLDER = re.compile(r"\$\$|\$\{([A-Z_]+)(?:(:?[-?])([^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, anchors and merges resolved as Compose resolves them."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def dockerfile(compose: dict[str, Any]) -> list[tuple[str, str]]:
    """The instructions of the inline Dockerfile, in order: (FROM, python:3.11 …)."""
    text = compose["services"]["app"]["build"]["dockerfile_inline"].replace("$$", "$")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in lines]


def copied(dockerfile: list[tuple[str, str]]) -> list[str]:
    """What the image takes from the repository."""
    arguments = [rest.split() for word, rest in dockerfile if word == "COPY" and not rest.startswith("--from")]
    return [source for argument in arguments for source in argument[:-1]]


def test_there_are_database_app_and_worker(compose: dict[str, Any]) -> None:
    """Three services; the app migrates before it serves; the worker is a process of its own; PostgreSQL is ours."""
    services = compose["services"]
    assert set(services) == {"postgres", "app", "worker"}
    assert services["app"]["command"] == ["serve", "--migrate"]
    assert services["worker"]["command"] == ["worker"]
    assert services["postgres"]["image"].startswith(f"postgres:{MAJOR_VERSION}-")
    assert services["app"]["build"] == services["worker"]["build"]


def test_everything_is_watched_and_starts_in_order(compose: dict[str, Any]) -> None:
    """Each has a health check and comes back by itself; nobody starts before those they need are healthy."""
    services = compose["services"]
    for name, service in services.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
    needs = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert needs == {
        "postgres": {},
        "app": {"postgres": "service_healthy"},
        "worker": {"postgres": "service_healthy", "app": "service_healthy"},
    }


def test_health_checks_are_python_that_compiles(compose: dict[str, Any]) -> None:
    """A typing mistake in a one-line probe would keep the whole stack from starting."""
    for name in OURS:
        _, program, flag, code = compose["services"][name]["healthcheck"]["test"]
        assert (program, flag) == ("python", "-c")
        compile(code, name, "exec")
        assert "/readyz" in code


def test_the_database_is_not_published(compose: dict[str, Any]) -> None:
    """PostgreSQL has no port on the host and stands in a network without a way out; the app listens locally only."""
    assert "ports" not in compose["services"]["postgres"]
    assert compose["services"]["postgres"]["networks"] == ["database"]
    assert compose["networks"]["database"]["internal"] is True
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["app"]["ports"])
    assert "ports" not in compose["services"]["worker"]


def test_containers_can_do_little(compose: dict[str, Any], dockerfile: list[tuple[str, str]]) -> None:
    """No root, no capability, no writing but to volumes and /tmp."""
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
    assert compose["services"]["postgres"]["user"] == "postgres"
    users = [rest for word, rest in dockerfile if word == "USER"]
    assert users[-1:] == ["10001"]


def test_data_outlives_containers(compose: dict[str, Any]) -> None:
    """The database lies on a named volume, where the image of this version keeps it."""
    volumes = [volume.split(":") for volume in compose["services"]["postgres"]["volumes"]]
    assert volumes == [["postgres-data", "/var/lib/postgresql"]]
    named = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert named == set(compose["volumes"])


def test_every_variable_is_a_setting(compose: dict[str, Any]) -> None:
    """What the containers are given is read by somebody: a misspelt name would be refused at start."""
    names = {name for service in OURS for name in compose["services"][service]["environment"]}
    # also those that a comment tells the reader to add
    names |= set(re.findall(rf"{PREFIX}[A-Z_]+", "\n".join(re.findall(r"#.*", FILE.read_text()))))
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert {name for name in names if name.removesuffix("_FILE") not in known} == set()
    assert f"{PREFIX}DATABASE_URL_FILE" in names


def test_secrets_travel_as_files(compose: dict[str, Any]) -> None:
    """No secret stands in the environment; every file named there is a secret that the service has."""
    secret = {f"{PREFIX}{name.upper()}" for name, field in Settings.model_fields.items() if "Secret" in str(field)}
    for name, service in compose["services"].items():
        values = service["environment"]
        assert set(values) & secret == set(), name
        assert not any("PASSWORD" in key and not key.endswith("_FILE") for key in values), name
        files = {value.removeprefix("/run/secrets/") for key, value in values.items() if key.endswith("_FILE")}
        assert files == set(service["secrets"]), name
        assert files <= set(compose["secrets"]), name
    assert all(entry["file"].startswith("./secrets/") for entry in compose["secrets"].values())
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_dollar_is_meant(compose: dict[str, Any]) -> None:
    """Compose replaces $NAME everywhere, also inside the inline Dockerfile: there a dollar sign is written twice."""
    text = FILE.read_text(encoding="utf-8")
    assert "$" not in PLACEHOLDER.sub("", text)
    required = [match[1] for match in PLACEHOLDER.finditer(text) if match[2] == ":?"]
    assert required == ["FEDELE_BASE_URL"]


def test_dependencies_are_pinned_by_hash(dockerfile: list[tuple[str, str]]) -> None:
    """Everything that is installed comes from requirements.lock, with hashes, or from the repository itself."""
    installs = [rest for word, rest in dockerfile if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert installs[0].endswith("-r requirements.lock")
    assert "--no-deps" in installs[1]
    assert "--no-build-isolation" in installs[1]
    assert installs[1].endswith(" .")
    assert "hatchling==" in (ROOT / "requirements.lock").read_text()
    images = [rest.split()[0] for word, rest in dockerfile if word == "FROM"]
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_the_image_takes_what_the_context_offers(dockerfile: list[tuple[str, str]]) -> None:
    """Each COPY names something that is there and that .dockerignore lets through."""
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in copied(dockerfile):
        assert (ROOT / source).exists(), source
        assert source in let_through, source


def test_the_image_would_be_whole(dockerfile: list[tuple[str, str]], tmp_path: Path) -> None:
    """From the copied files alone a wheel is built that carries GraphQL documents, card designs and SQL."""
    context = tmp_path / "context"
    context.mkdir()
    for source in copied(dockerfile):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, context)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(command, cwd=context, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "fedele/graphql_documents/operations/member/Home.graphql",
        "fedele/pass_designs/grocer/pass.json",
        "fedele/migrations/functions/outbox_publish_v1.sql",
        "fedele/programmes/grocer.yaml",
    } <= names
