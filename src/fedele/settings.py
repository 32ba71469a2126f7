"""One frozen Settings, read by `bootstrap` and the commands alone; values are handed down from there.

Every field is an environment variable FEDELE_<FIELD>. A secret may instead be named by FEDELE_<FIELD>_FILE, whose
content is read. There is no `.env` magic.
"""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

PREFIX = "FEDELE_"


class SettingsError(Exception):
    """The environment cannot be used; the message names each variable and says what to do. Values are not shown."""


class Settings(BaseModel):
    """What the environment says. Secrets are SecretStr: printing a Settings shows none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: SecretStr | None = Field(None, description="postgresql://… of a PostgreSQL 18; none: embedded.")
    database_replica_url: SecretStr | None = Field(None, description="A read replica for reports and exports.")
    database_role: str = Field("fedele_app", description="Role the processes act as: neither owner nor superuser.")
    database_pool_size: int = Field(16, ge=2, le=200, description="Connections a process may open.")
    data_dir: Path = Field(Path(".fedele"), description="Where the demo keeps its database, keys and downloads.")

    base_url: str = Field("http://127.0.0.1:8000", description="How the world reaches this server; no final slash.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    trusted_proxies: str = Field("", description="Addresses (comma-separated) whose X-Forwarded-For is believed.")
    cors_origins: str = Field("", description="Origins (comma-separated) of web apps that may call the API.")
    log_format: Literal["json", "console"] = Field("json", description="Structured lines, or coloured ones.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")

    graphql_documents: Literal["open", "apq", "trusted"] = Field(
        "trusted", description="Which documents members' apps may send: any, any once registered, or published ones."
    )

    secret_key: SecretStr | None = Field(
        None, description="32+ random bytes as text; peppers and links derive from it."
    )
    secret_key_previous: SecretStr | None = Field(
        None, description="The one before, or the one to come: members are looked for under it too."
    )
    token_key: SecretStr | None = Field(None, description="PEM of the EC P-256 key that signs access tokens.")
    token_key_previous: SecretStr | None = Field(None, description="The previous one, while its tokens live.")
    bootstrap_staff_key: SecretStr | None = Field(None, description="Secret of the first staff key, made at start.")
    otp_delivery: Literal["none", "console", "channels"] = Field(
        "none",
        description="What carries one-time codes. channels: the e-mail and SMS channels below. console: into the log, "
        "for trying things out; never for real.",
    )
    oidc_issuer: str | None = Field(None, description="A foreign OIDC issuer whose tokens log members in.")
    oidc_audience: str | None = Field(None, description="The audience (aud) that its tokens must be for.")
    oidc_jwks_url: str | None = Field(None, description="Where its public keys are.")
    oidc_algorithms: str = Field(
        "RS256", description="Algorithms (comma-separated) that its tokens may be signed with."
    )
    oidc_enrol: bool = Field(False, description="Whether an unknown subject of that issuer becomes a member.")

    firebase_credentials: SecretStr | None = Field(None, description="Firebase service account (JSON).")
    firebase_url: str | None = Field(None, description="Another FCM v1 server than Google's, for tests and demos.")

    weather_source: Literal["none", "open_meteo", "csv"] = Field(
        "none", description="Who tells the weather for offers that ask for it. none: such offers stay closed."
    )
    weather_url: str = Field(
        "https://api.open-meteo.com",
        pattern="^https?://",
        description="Open-Meteo's server; customers of theirs have another, or run their own.",
    )
    weather_key: SecretStr | None = Field(None, description="Open-Meteo's API key: commercial use needs one.")
    weather_csv: Path | None = Field(None, description="The file of the source csv.")
    geofences: Literal["process", "postgres"] = Field(
        "process", description="Where the index of offers' places is kept: in each process, or in PostgreSQL."
    )

    mail_url: SecretStr | None = Field(
        None, description="SMTP server: smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465."
    )
    mail_from: str | None = Field(None, description="Who e-mails are from: Shop <hello@shop.example>.")
    sms_account: str | None = Field(None, description="Account SID at Twilio, or at who speaks its Messages API.")
    sms_token: SecretStr | None = Field(None, description="Its auth token; status callbacks are signed with it.")
    sms_from: str | None = Field(None, description="Number, name or messaging service (MG…) that texts are from.")
    sms_url: str | None = Field(None, description="Another server of that API than Twilio's.")

    payments_url: str | None = Field(
        None, pattern="^https?://", description="Your payment service, which charges and refunds paid memberships."
    )
    payments_secret: SecretStr | None = Field(None, description="Signs what that service is asked (whsec_… or any).")

    webhook_url: str | None = Field(
        None, pattern="^https?://", description="Your own server, told of the webhook steps of journeys."
    )
    webhook_secret: SecretStr | None = Field(None, description="Signs what that server is told (whsec_… or any).")

    apple_pass_type_identifier: str | None = Field(None, description="pass.com.example.loyalty")
    apple_team_identifier: str | None = Field(None, description="Ten characters, from Apple's developer account.")
    apple_pass_certificate: SecretStr | None = Field(None, description="PEM of the pass certificate, or a .p12 file.")
    apple_pass_key: SecretStr | None = Field(None, description="PEM of its private key; a .p12 holds it already.")
    apple_pass_key_password: SecretStr | None = Field(None, description="Password of the key, or of the .p12.")
    apple_wwdr_certificate: SecretStr | None = Field(None, description="Apple's intermediate certificate, PEM or DER.")
    pass_assembler: Literal["fedele", "py-pkpass"] = Field(
        "fedele", description="Who makes Apple's passes: our own assembler, or py-pkpass (extra fedele[py-pkpass])."
    )
    google_wallet_issuer_id: str | None = Field(None, description="Number of the issuer account at Google Wallet.")
    google_wallet_credentials: SecretStr | None = Field(None, description="Google service account (JSON).")
    google_wallet_url: str | None = Field(None, description="Another Wallet API server than Google's, for tests.")

    @field_validator("base_url")
    @classmethod
    def _no_final_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("database_url", "database_replica_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("begins with postgresql://")
        return value

    def listed(self, field: Literal["trusted_proxies", "cors_origins", "oidc_algorithms"]) -> tuple[str, ...]:
        """A comma-separated setting as its parts."""
        return tuple(part.strip() for part in str(getattr(self, field)).split(",") if part.strip())


def read_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read FEDELE_* and FEDELE_*_FILE. Raises SettingsError naming every variable that is wrong or unknown."""
    given = {
        name: value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_") and value != ""
    }
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in given.items():
        field = name.removeprefix(PREFIX).lower()
        if field in Settings.model_fields:
            values[field] = value
        elif field.endswith("_file") and field.removesuffix("_file") in Settings.model_fields:
            values[field.removesuffix("_file")] = _content(name, Path(value), problems)
        else:
            problems.append(f"{name} is not a setting of Fedele (`fedele config check --list` shows them all)")
    try:
        settings = Settings(**{**values, **overrides})
    except ValidationError as error:
        problems += [f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _content(name: str, file: Path, problems: list[str]) -> str | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        problems.append(f"{name}: {file} cannot be read: {error.strerror}")
        return None
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()  # a .p12 or a DER certificate, as the environment would carry it
