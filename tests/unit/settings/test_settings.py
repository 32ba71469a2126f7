"""The environment is read once, named clearly when wrong, and its secrets are never shown."""

from pathlib import Path

import pytest

from fedele.settings import SettingsError, read_settings


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """FEDELE_X_FILE names a file whose content is the secret."""
    (tmp_path / "secret").write_text("s3cret-value\n")
    settings = read_settings({"FEDELE_SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == "s3cret-value"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.model_dump())


def test_every_mistake_is_named_at_once_without_values() -> None:
    """Unknown names, bad numbers and unreadable files are all told together, and no value is shown."""
    with pytest.raises(SettingsError) as raised:
        read_settings(
            {
                "FEDELE_DATABSE_URL": "postgresql://u:hunter2@h/d",
                "FEDELE_PORT": "eighty",
                "FEDELE_DATABASE_URL": "mysql://u:hunter2@h/d",
                "FEDELE_TOKEN_KEY_FILE": "/nowhere/key.pem",
            }
        )
    text = str(raised.value)
    assert "hunter2" not in text
    for name in ("FEDELE_DATABSE_URL", "FEDELE_PORT", "FEDELE_DATABASE_URL", "FEDELE_TOKEN_KEY_FILE"):
        assert name in text


def test_settings_refuse_change() -> None:
    """What was read stays as it was read."""
    settings = read_settings({"FEDELE_PORT": "8001", "FEDELE_CORS_ORIGINS": "https://a.example, https://b.example"})
    assert settings.listed("cors_origins") == ("https://a.example", "https://b.example")
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_other_programs_variables_are_left_alone() -> None:
    """Only FEDELE_ names are read; an empty one counts as not given."""
    assert read_settings({"PATH": "/bin", "FEDELE_BASE_URL": ""}).base_url == "http://127.0.0.1:8000"
