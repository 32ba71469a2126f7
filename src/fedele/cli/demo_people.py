"""The people of the demo: a member whose phone you hold, staff, and a till."""

import dataclasses
from typing import Any

from fedele.domains.auth import commands as auth
from fedele.domains.auth.types import ALL_SCOPES, TILL_SCOPES, AuthPolicy, KeyKind
from fedele.domains.members.commands import set_consent
from fedele.domains.members.queries import find_card_code
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.commands import register_device
from fedele.domains.messaging.types import DeviceInput, Permission, Platform, TargetKind
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, encode_id
from fedele.kernel.refusal import NotFound
from fedele.wiring import Fedele

TOKEN_SECONDS = 30 * 24 * 3600  # a demo's token lives for a month; a real one for a quarter of an hour
WORDING = "demo-1"
FCM_TOKEN = "demo-phone"  # noqa: S105 - an address, not a secret
CONSENTS = (
    (Purpose.MARKETING, Channel.PUSH),
    (Purpose.MARKETING, Channel.IN_APP),
    (Purpose.SURVEYS, Channel.IN_APP),
    (Purpose.PERSONALIZATION, Channel.IN_APP),
)

# The most regular shopper of the last weeks who reads English: there is always something to see.
_REGULAR = """
SELECT m.member_id, p.store_id
  FROM member m JOIN member_profile f ON f.member_id = m.member_id JOIN purchase p ON p.member_id = m.member_id
 WHERE m.status = 'active' AND f.locale LIKE 'en%' AND p.occurred_at > $1::timestamptz - interval '60 days'
 GROUP BY m.member_id, p.store_id ORDER BY count(*) DESC, m.member_id LIMIT 1
"""


async def prepare_people(fedele: Fedele) -> dict[str, Any]:
    """Consents, a phone, a token and keys; what `demo.json` says of them. Fresh keys every time the demo starts."""
    moment = fedele.clock()
    row = await fedele.database.reader.fetch_row(_REGULAR, moment.now)
    if row is None:
        raise NotFound(what="member who shops in the demo's data; begin anew with `fedele demo --reset`")
    member_id, store_id = MemberId(row["member_id"]), StoreId(row["store_id"])
    async with fedele.database.transaction(quiet=True) as tx:
        for purpose, channel in CONSENTS:
            await set_consent(tx, member_id, purpose, channel, True, source="demo", wording=WORDING, moment=moment)
        phone = DeviceInput(
            TargetKind.FCM_TOKEN, FCM_TOKEN, Platform.ANDROID, app_version="1.0", permission=Permission.GRANTED
        )
        await register_device(tx, member_id, phone, moment)
    code = await find_card_code(fedele.database.reader, member_id)
    return {
        "member_id": encode_id("member", member_id),
        "member_token": await _token(fedele, member_id, moment),
        "card_code": code.code if code else None,
        "store": store_id,
        **await _keys(fedele, store_id, moment),
    }


async def _token(fedele: Fedele, member_id: MemberId, moment: Moment) -> str:
    policy: AuthPolicy = dataclasses.replace(fedele.login.policy, access_seconds=TOKEN_SECONDS)
    async with fedele.database.transaction(quiet=True) as tx:
        session = await auth.start_session(tx, member_id, policy, moment)
    token = auth.issue_access_token(
        fedele.keyring.signing_keys, policy, session.member_id, session.session_id, moment.now
    )
    return token.get_secret_value()


async def _keys(fedele: Fedele, store_id: StoreId, moment: Moment) -> dict[str, str]:
    async with fedele.database.transaction(quiet=True) as tx:
        await tx.execute("UPDATE api_key SET revoked_at = $1 WHERE name = 'demo' AND revoked_at IS NULL", moment.now)
        staff = await auth.create_key(tx, "demo", ALL_SCOPES, moment)
        till = await auth.create_key(tx, "demo", TILL_SCOPES, moment, kind=KeyKind.TILL, store=store_id)
    return {"staff_key": staff.text.get_secret_value(), "till_key": till.text.get_secret_value()}
