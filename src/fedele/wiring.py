"""Real things joined: from Settings to a running application and its worker. The registries are in `bootstrap.py`."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import httpx
import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from fedele.adapters.apple_wallet.certificates import CertificateError, Identity
from fedele.adapters.apple_wallet.development import WARNING as DEVELOPMENT_CERTIFICATE
from fedele.adapters.apple_wallet.opening import (
    open_assembler,
    open_wallets,
    refuse_unusable,
    signing_identity,
)
from fedele.adapters.apple_wallet.push import open_push
from fedele.adapters.google_wallet.opening import GoogleSide, open_google
from fedele.adapters.google_wallet.save_links import CredentialsError
from fedele.adapters.mail.reports import read_mail_report
from fedele.adapters.oidc.http import HttpJwks
from fedele.adapters.otp.channels import ChannelOtp
from fedele.adapters.otp.console import ConsoleOtp
from fedele.adapters.otp.unconfigured import UnconfiguredOtp
from fedele.adapters.payments.http import HttpPayments
from fedele.adapters.payments.unconfigured import UnconfiguredPayments
from fedele.adapters.post.opening import CarriersInvalid, open_carriers
from fedele.adapters.push.firebase import CredentialsInvalid
from fedele.adapters.push.opening import open_push as open_push_channel
from fedele.adapters.sentiment.opening import open_analyser
from fedele.adapters.weather.opening import open_weather
from fedele.adapters.webhooks.http import HttpWebhooks
from fedele.adapters.webhooks.unconfigured import UnconfiguredWebhooks
from fedele.api.context import Services
from fedele.api.execution.documents import DocumentMode
from fedele.api.member.freshness import member_fingerprint
from fedele.api.member.members import DataExports
from fedele.bootstrap import DATA_EXPORTS, FEED_SOURCES, PROGRAMME_SECTIONS, handlers_of, schedules_of
from fedele.console.scanner import ScannerRoutes
from fedele.console.till_session import with_scanner_cookie
from fedele.db.database import Database, open_database
from fedele.domains.auth.commands import Authenticator, ForeignTokens, Login, ensure_bootstrap_key
from fedele.domains.auth.ports import OtpDelivery
from fedele.domains.auth.types import AuthPolicy, ForeignIssuer
from fedele.domains.checkout.ports import Till
from fedele.domains.community.types import PictureLinks
from fedele.domains.documents.queries import find_body
from fedele.domains.documents.types import SchemaName
from fedele.domains.feed.queries import Feeds, FeedTokens
from fedele.domains.journeys.ports import WebhookSender
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.types import Channel, Peppers
from fedele.domains.memberships.ports import PaymentProvider
from fedele.domains.messaging.delivery import Delivery, Post
from fedele.domains.messaging.ports import LetterChannel, MessageLinks, PushChannel, StatusReader
from fedele.domains.offers.geography.stored import ProcessFences, StoredFences
from fedele.domains.offers.ports import FenceIndex, WeatherSource
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.support.ports import TextAnalyser
from fedele.domains.wallet.commands import GoogleWriter
from fedele.domains.wallet.ports import PassAssembler, PassPush, SaveLinks
from fedele.domains.wallet.types import PassLinks
from fedele.jobs.worker import Worker
from fedele.kernel.clock import Moment, moment_now
from fedele.keyring import Keyring
from fedele.settings import Settings, SettingsError
from fedele.web.app import WebOptions, build_app
from fedele.web.auth import AuthRoutes, authenticate_with
from fedele.web.google_wallet import GoogleWalletRoutes
from fedele.web.join import JoinRoutes
from fedele.web.join_state import JoinCookies
from fedele.web.messages import MessageRoutes
from fedele.web.operations import OperationsRoutes
from fedele.web.passkit import PassKit
from fedele.web.pictures import PictureRoutes

log = structlog.get_logger(__name__)
Clock = Callable[[], Moment]


@dataclasses.dataclass(frozen=True, slots=True)
class Fedele:
    """Everything one process is made of."""

    settings: Settings
    keyring: Keyring
    database: Database
    programmes: ProgrammeSource
    services: Services
    login: Login
    authenticator: Authenticator
    wallets: PassAssembler
    wallet_identity: Identity
    pass_push: PassPush
    google: GoogleSide | None
    push: PushChannel
    carriers: Mapping[Channel, LetterChannel]
    message_links: MessageLinks
    payments: PaymentProvider
    webhooks: WebhookSender
    weather: WeatherSource | None
    analyser: TextAnalyser
    http: httpx.AsyncClient
    clock: Clock
    warnings: tuple[str, ...] = ()

    def log_warnings(self) -> None:
        """What an operator should know and nothing refuses: for the processes of a real deployment."""
        for warning in self.warnings:
            log.warning("configuration", warning=warning)

    def app(self, otp: OtpDelivery, routes: Sequence[BaseRoute] = ()) -> Starlette:
        """The ASGI application. `otp` carries one-time codes to members."""
        passkit = PassKit(
            self.database,
            self.programmes,
            self.wallets,
            self.services.get(PassLinks),
            self.wallet_identity.pass_type_identifier,
            self.clock,
        )
        secure = self.settings.base_url.startswith("https://")
        own = [
            *AuthRoutes(self.login, otp, self.clock).routes(),
            *passkit.routes(),
            *self._google_routes(),
            *OperationsRoutes(self.database, self.clock).routes(),
            *self._message_routes().routes(),
            *self._join_routes(otp, secure),
            *ScannerRoutes(self.authenticator, self.programmes, self.clock, secure).routes(),
        ]
        by_header = authenticate_with(self.authenticator, self.clock)
        own += PictureRoutes(self.database, by_header, self.services.get(PictureLinks), self.clock).routes()
        return build_app(
            self.services,
            with_scanner_cookie(by_header, self.authenticator, self.clock),
            routes=[*own, *routes],
            options=WebOptions(
                member_documents=DocumentMode(self.settings.graphql_documents),
                staff_documents=DocumentMode.OPEN,
                cors_origins=self.settings.listed("cors_origins"),
            ),
            fingerprint=member_fingerprint,
            find_published=self._find_published,
            lifespan=self._lifespan,
            moment=self.clock,
        )

    def worker(self) -> Worker:
        """The worker with every handler and schedule."""
        post = Post(self.database, self.programmes.at, self.carriers, self.message_links, self.clock)
        delivery = Delivery(self.database, self.programmes.at, self.push, self.clock, post)
        return Worker(
            self.database,
            handlers_of(
                self.database,
                self.programmes,
                self.clock,
                delivery,
                self.wallets,
                self.pass_push,
                self.till,
                self.payments,
                self.webhooks,
                self.analyser,
            ),
            schedules_of(
                self.database,
                self.programmes,
                delivery,
                self.payments,
                self.weather,
                self.settings.geofences,
                self.wallets,
                self._google_writer(self.google) if self.google else None,
                self.analyser,
                self.clock,
            ),
            self.settings.database_role,
        )

    def otp(self) -> OtpDelivery:
        """What carries one-time codes, as settings say."""
        return ChannelOtp(self.carriers) if self.settings.otp_delivery == "channels" else otp_delivery(self.settings)

    def _google_writer(self, google: GoogleSide) -> GoogleWriter:
        return GoogleWriter(self.database, self.programmes, google.cards, self.keyring.peppers)

    def _google_routes(self) -> Sequence[BaseRoute]:
        if (google := self.google) is None:
            return ()
        return GoogleWalletRoutes(
            self.database,
            self.programmes,
            self.wallets,
            self.services.get(PassLinks),
            google.saves,
            self._google_writer(google),
            google.callbacks,
            google.logos,
            self.clock,
        ).routes()

    def _join_routes(self, otp: OtpDelivery, secure: bool) -> Sequence[BaseRoute]:
        return JoinRoutes(
            self.login,
            otp,
            self.programmes,
            self.services.get(PassLinks),
            JoinCookies(self.keyring.join_cookies),
            google=self.google is not None,
            secure=secure,
            moment=self.clock,
        ).routes()

    def _message_routes(self) -> MessageRoutes:
        sms: object = self.carriers.get(Channel.SMS)
        statuses = sms if isinstance(sms, StatusReader) else None
        return MessageRoutes(self.database, self.message_links, statuses, self.clock, read_mail_report)

    @property
    def till(self) -> Till:
        """What the checkout needs."""
        return self.services.get(Till)

    async def close(self) -> None:
        """Let go of connections."""
        await self.push.close()
        for carrier in self.carriers.values():
            await carrier.close()
        await self.pass_push.aclose()
        await self.http.aclose()
        await self.database.close()

    async def _find_published(self, sha256: str, schema_name: SchemaName) -> str | None:
        return await find_body(self.database.reader, sha256, schema_name)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with self.programmes.listening(), self.authenticator.listening():
            await self._ensure_first_key()
            yield

    async def _ensure_first_key(self) -> None:
        if self.settings.bootstrap_staff_key is not None:
            async with self.database.transaction() as tx:
                await ensure_bootstrap_key(tx, self.settings.bootstrap_staff_key, self.clock())


def wire(settings: Settings, keyring: Keyring, clock: Clock = moment_now) -> Fedele:
    """Join everything. Opens no connection yet. Raises SettingsError for what cannot be used, with what to do."""
    if settings.database_url is None:
        raise SettingsError("FEDELE_DATABASE_URL is not set: name a PostgreSQL 18, as postgresql://user:…@host/name")
    replica = settings.database_replica_url
    database = open_database(
        settings.database_url.get_secret_value(),
        size=settings.database_pool_size,
        role=settings.database_role,
        replica_url=replica.get_secret_value() if replica else None,
    )
    programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
    policy = AuthPolicy(issuer=settings.base_url)

    async def members_config(when: datetime) -> MembersConfig:
        return (await programmes.at(when)).section(MembersConfig)

    (identity, warnings), http = _wallet_identity(settings, clock().now), httpx.AsyncClient()
    google = _google(settings, http)
    weather = _weather(settings, http)
    analyser, unread = open_analyser()
    return Fedele(
        settings=settings,
        keyring=keyring,
        database=database,
        programmes=programmes,
        services=_services(settings, keyring, database, programmes, weather, google),
        login=Login(database, policy, keyring.peppers, keyring.signing_keys, members_config),
        authenticator=Authenticator(
            database, policy, keyring.peppers, keyring.signing_keys, _foreign(settings, policy, http)
        ),
        wallets=open_assembler(open_wallets(identity, settings.base_url), settings.pass_assembler),
        wallet_identity=identity,
        pass_push=open_push(identity),
        google=google,
        push=_push(settings),
        carriers=_carriers(settings, http),
        message_links=MessageLinks(settings.base_url, keyring.message_links),
        payments=_payments(settings, http),
        webhooks=_webhooks(settings, http),
        weather=weather,
        analyser=analyser,
        http=http,
        clock=clock,
        warnings=(*warnings, unread) if unread else warnings,
    )


def otp_delivery(settings: Settings) -> OtpDelivery:
    """What carries one-time codes: nothing, or the console where settings say so (a code in a log is a login)."""
    if settings.otp_delivery == "console":
        return ConsoleOtp(lambda line: log.warning("otp_on_console", line=line))
    return UnconfiguredOtp()


def _services(
    settings: Settings,
    keyring: Keyring,
    database: Database,
    programmes: ProgrammeSource,
    weather: WeatherSource | None,
    google: GoogleSide | None,
) -> Services:
    extras: dict[type, object] = {
        Peppers: keyring.peppers,
        Feeds: Feeds(FEED_SOURCES, FeedTokens(keyring.feed_tokens)),
        PassLinks: PassLinks(settings.base_url, keyring.pass_links.get_secret_value()),
        PictureLinks: PictureLinks(settings.base_url, keyring.pass_links.get_secret_value()),
        Till: Till(database, programmes, peppers=keyring.peppers),
        DataExports: DataExports(DATA_EXPORTS),
        FenceIndex: StoredFences() if settings.geofences == "postgres" else ProcessFences(),
    }
    if weather is not None:
        extras[WeatherSource] = weather
    if google is not None:
        extras[SaveLinks] = google.saves
    return Services(database, programmes, settings.base_url, extras)


def _wallet_identity(settings: Settings, now: datetime) -> tuple[Identity, tuple[str, ...]]:
    """The certificate that passes are signed with, and what to tell of it."""
    secrets = (
        settings.apple_pass_certificate,
        settings.apple_pass_key,
        settings.apple_pass_key_password,
        settings.apple_wwdr_certificate,
    )
    try:
        identity = signing_identity(
            settings.data_dir, now, *(secret.get_secret_value() if secret else None for secret in secrets)
        )
        if identity.development:
            return identity, (DEVELOPMENT_CERTIFICATE,)
        wanted = (
            settings.apple_pass_type_identifier or identity.pass_type_identifier,
            settings.apple_team_identifier or identity.team_identifier,
        )
        return identity, tuple(refuse_unusable(identity, *wanted, now))
    except CertificateError as error:
        raise SettingsError(f"FEDELE_APPLE_PASS_CERTIFICATE: {error}") from None


def _google(settings: Settings, client: httpx.AsyncClient) -> GoogleSide | None:
    if settings.google_wallet_credentials is None or settings.google_wallet_issuer_id is None:
        return None
    credentials = settings.google_wallet_credentials.get_secret_value()
    try:
        return open_google(
            credentials, settings.google_wallet_issuer_id, settings.base_url, client, settings.google_wallet_url
        )
    except CredentialsError as error:
        raise SettingsError(f"FEDELE_GOOGLE_WALLET_CREDENTIALS: {error}") from None


def _push(settings: Settings) -> PushChannel:
    credentials = settings.firebase_credentials
    try:
        return open_push_channel(credentials.get_secret_value() if credentials else None, settings.firebase_url)
    except CredentialsInvalid as error:
        raise SettingsError(f"FEDELE_FIREBASE_CREDENTIALS: {error}") from None


def _carriers(settings: Settings, client: httpx.AsyncClient) -> dict[Channel, LetterChannel]:
    mail_url = settings.mail_url.get_secret_value() if settings.mail_url else None
    token = settings.sms_token.get_secret_value() if settings.sms_token else None
    try:
        return open_carriers(
            client, (mail_url, settings.mail_from), (settings.sms_account, token, settings.sms_from), settings.sms_url
        )
    except CarriersInvalid as error:
        raise SettingsError(str(error)) from None


def _payments(settings: Settings, client: httpx.AsyncClient) -> PaymentProvider:
    if settings.payments_url is None:
        return UnconfiguredPayments()
    if settings.payments_secret is None:
        raise SettingsError("FEDELE_PAYMENTS_URL needs FEDELE_PAYMENTS_SECRET beside it: what it is asked is signed")
    return HttpPayments(client, settings.payments_url, settings.payments_secret.get_secret_value())


def _webhooks(settings: Settings, client: httpx.AsyncClient) -> WebhookSender:
    if settings.webhook_url is None:
        return UnconfiguredWebhooks()
    if settings.webhook_secret is None:
        raise SettingsError("FEDELE_WEBHOOK_URL needs FEDELE_WEBHOOK_SECRET beside it: what it is told is signed")
    return HttpWebhooks(client, settings.webhook_url, settings.webhook_secret.get_secret_value())


def _weather(settings: Settings, client: httpx.AsyncClient) -> WeatherSource | None:
    try:
        return open_weather(
            settings.weather_source, client, settings.weather_url, settings.weather_key, settings.weather_csv
        )
    except ValueError:
        raise SettingsError("FEDELE_WEATHER_SOURCE=csv needs FEDELE_WEATHER_CSV beside it") from None


def _foreign(settings: Settings, policy: AuthPolicy, client: httpx.AsyncClient) -> ForeignTokens | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_audience is None or settings.oidc_jwks_url is None:
        raise SettingsError("FEDELE_OIDC_ISSUER needs FEDELE_OIDC_AUDIENCE and FEDELE_OIDC_JWKS_URL beside it")
    issuer = ForeignIssuer(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_jwks_url,
        settings.listed("oidc_algorithms"),
        settings.oidc_enrol,
    )
    return ForeignTokens([issuer], HttpJwks(client), timedelta(seconds=policy.clock_skew_seconds))
