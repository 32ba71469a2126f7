'''The API: what phones, tills and the console say, spoken in GraphQL. It speaks; rooms below decide and record.

It may call any room of `domains` through its front door (`types, queries, commands, events, errors, config, ports`). It
holds no SQL and no rules.

How to write a slice
====================

A room's slice is one file: `api/member/<room>.py` for members, `api/staff/<room>.py` for staff.

1. **Types** wrap frozen records: plain attributes, filled in once by a classmethod `of`. Own-row columns are non-null;
   what is remote, permissioned or removable is nullable. A docstring becomes the description in the SDL, so write it
   for a phone engineer; an attribute gets its own with `strawberry.field(description=…)`::

       @strawberry.type
       class Offer(Node):
           """Something a member may claim and use, while it is open."""

           title: str
           closes_at: datetime = strawberry.field(description="The last instant at which it can be claimed.")

           @classmethod
           def of(cls, record: records.Offer, member_id: MemberId) -> Self:
               return cls(id=ids.row_id("offer", member_id, record.id), title=record.title, closes_at=record.closes_at)

2. **Fields of Member**: a mixin with one async resolver per field; add it to `Member`'s bases in
   `api/member/schema.py`. `self.member_id` is whose they are (from the token, never from an argument)::

       @strawberry.type
       class OfferFields(MemberBase):
           @strawberry.field
           async def offers(
               self, info: Info, first: int = 20, after: str | None = None
           ) -> Connection[Offer]:
               """The offers open to this member here and now, those that close first coming first."""
               context = info.context
               page = await queries.list_offers(context.reader, self.member_id, context.moment, page_size(first), after)
               return connection(page, lambda record: Offer.of(record, self.member_id))

   Fetch everything below in one statement per kind: look ahead with `selected(info)` (`"edges.node.places" in
   selected(info)`). What cannot be foreseen goes through a loader, nothing else:
   `await info.context.loaders.load(queries.offers_by_id, offer_id)`, where `offers_by_id(db, ids)` gives a mapping.
   Sibling fields run at once, so never `await` one statement per item.
   In a query the same statement with the same values is sent once, whichever room asks; costly work that siblings share
   goes through `context.once(key, read)`. A field whose answer changes by itself sets `info.context.volatile = True`.

3. **Root queries**: `@query_field(requires=MEMBER)` (or `PUBLIC`, or a `Scope.…` of `domains.auth.types` for staff) on
   a method of a `@strawberry.type class <Room>Query`, listed in `QUERIES` of `schema.py`. The result is nullable.
   A root field that declares nothing stops the server from starting.

4. **Mutations**: one argument `input`, one payload, listed in `MUTATIONS` of `schema.py`. A `Refusal` raised by the
   command becomes a `userErrors` entry of the payload; name the refusals that can happen (NOT_FOUND, INVALID_INPUT and
   IDEMPOTENCY_KEY_REUSED are always there). An id that is not the caller's raises NotFound::

       @user_error(errors.OfferClosed, errors.OfferExhausted)
       class ClaimOfferUserError(UserError):
           """Why the offer was not claimed."""

       @strawberry.type
       class ClaimOfferPayload:
           """The claim, or why there is none."""

           claim: OfferClaim | None = None
           user_errors: list[ClaimOfferUserError] = strawberry.field(default_factory=list)

       @strawberry.input
       class ClaimOfferInput:
           """Which offer to claim."""

           offer_id: strawberry.ID
           idempotency_key: str

       @strawberry.type
       class OfferMutation:
           @mutation_field(requires=MEMBER)
           async def claim_offer(self, info: Info, input: ClaimOfferInput) -> ClaimOfferPayload | None:
               """Give the member this offer. Repeating the call returns the first claim."""
               context, member_id = info.context, info.context.member_id
               offer_id = ids.row_of("offer", input.offer_id, member_id)
               async with context.database.transaction() as tx:
                   claim = await commands.claim_offer(tx, offer_id, member_id, context.moment)
               return ClaimOfferPayload(claim=OfferClaim.of(claim, member_id))

   Build the payload after the transaction. A command's dependencies come from `context.services.get(SomeService)`: hand
   them in at `bootstrap` (`Services(…, extras={PassLinks: links})`).

5. **Nodes**: a type that implements `Node` gives its prefix to `NODES` in `schema.py`:
   `NodeKind("offer", fetch)` with `async def fetch(context, id) -> Offer | None`; unknown or foreign is None.

6. **Feed cards**: subclass `FeedCard` (`api/member/feed.py`); add the class to `CARD_TYPES` and its kind to `CARDS` in
   `api/member/home_feed.py`.

7. **Documents**: `graphql/operations/{member,console,till}/<VerbNoun>.graphql`, one operation a file, first line
   `# queries <= N`. Give it variables in `tests/fixtures/operations.py`; the budget test runs every file.
   Afterwards run `fedele schema export` (a test compares).

Scalars: `Decimal` travels as text, `datetime` as ISO 8601; `Money.of(kernel money)`; `Locale`, `TimeZone`, `MonthDay`,
`URL` in `api/scalars.py`. `Info` is `fedele.api.context.Info`. No `from __future__ import annotations` in
a slice: strawberry reads the types.
'''
