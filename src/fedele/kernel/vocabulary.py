"""The names that a programme's conditions and amounts may use, grouped, and the environments made of them.

Times of day and weekdays are local: in the place's time zone where there is a place, else in the programme's.
A name whose value is not known (no weather report, no position) makes its comparison fail, never true.
"""

from typing import Annotated

from fedele.kernel.expressions import Environment, Expression, Name, Typed

NOW = (
    Name("now", "moment", "The moment that is judged: the event's own time, not the server's."),
    Name("now.date", "text", "Local date, '2026-11-21'."),
    Name("now.time", "text", "Local time of day, '08:30'; compare as text: now.time >= '07:00'."),
    Name("now.hour", "int", "Local hour, 0 to 23."),
    Name("now.weekday", "text", "Local day of the week: mon, tue, wed, thu, fri, sat, sun."),
    Name("now.day", "int", "Local day of the month, 1 to 31."),
    Name("now.month", "int", "Local month, 1 to 12."),
    Name("now.year", "int", "Local year."),
)
MEMBER = (
    Name("member.tier", "text", "Key of the member's tier at that time; '' where there is none."),
    Name("member.memberships", "texts", "Keys of the paid memberships then in force: 'prime' in member.memberships."),
    Name("member.joined_at", "moment", "When the member joined."),
    Name("member.days_since_joined", "int", "Whole days since the member joined."),
    Name("member.days_since_purchase", "int", "Whole days since the last purchase; not known before the first."),
    Name("member.purchases_count", "int", "Purchases so far, without the present one."),
    Name("member.spend_12_months", "number", "Net spend of the last twelve months, in the home currency."),
    Name("member.balances", "map", "Available balance by currency key: member.balances.points >= 500.0."),
    Name("member.birth_month", "int", "Month of birth, 1 to 12; not known if the member did not say."),
    Name("member.birth_day", "int", "Day of birth in the month; not known if the member did not say."),
    Name("member.days_since_birthday", "int", "Days since the last birthday: 0 on the day; not known if not said."),
    Name("member.locale", "text", "Preferred locale, 'it' or 'it-IT'."),
    Name("member.country", "text", "ISO 3166 country, 'IT'; not known if the member did not say."),
    Name("member.favourite_store", "text", "Key of the favourite store; not known if there is none."),
    Name("member.segments", "texts", "Keys of the segments the member is in: 'families' in member.segments."),
    Name("member.badges", "texts", "Keys of the badges the member has now: 'explorer' in member.badges."),
    Name(
        "member.answers",
        "map",
        "The latest answers by survey and question: member.answers['after-shop'].recommend >= 9.",
    ),
    Name("member.attributes", "map", "Free-form attributes: has(member.attributes.diet) tells whether one is set."),
)
# What segments know besides: kept by the day, in the programme's time zone. Other rooms ask `member.segments`.
SEGMENT = (
    Name("member.time_zone", "text", "The member's own time zone, 'Europe/Rome'."),
    Name("member.purchases_30_days", "int", "Purchases of the last 30 local days, today among them."),
    Name("member.purchases_90_days", "int", "Purchases of the last 90 local days."),
    Name("member.purchases_12_months", "int", "Purchases of the last 365 local days."),
    Name("member.spend_30_days", "number", "Net spend of the last 30 local days, in the home currency."),
    Name("member.spend_90_days", "number", "Net spend of the last 90 local days, in the home currency."),
    Name("member.first_purchase_at", "moment", "When the member first bought; not known before that."),
    Name("member.days_since_visit", "int", "Whole days since a purchase or an event in a store; not known before one."),
    Name("member.usual_gap_days", "number", "Days between purchases on average; not known before the second."),
    Name("member.categories", "texts", "Categories bought in the last 365 local days: 'COFFEE' in member.categories."),
    Name("member.departments", "texts", "Departments bought from in the last 365 local days."),
    Name("member.stores", "texts", "Keys of the stores bought at in the last 365 local days."),
    Name("member.channels", "texts", "Channels bought through in the last 365 local days: 'store', 'web'."),
    Name(
        "member.events_90_days",
        "map",
        "Events of the last 90 local days by name, counted: member.events_90_days.ride > 3.",
    ),
    Name("member.redemptions_12_months", "int", "Rewards taken in the last 365 local days, those taken back left out."),
    Name("member.days_since_redemption", "int", "Whole days since the last reward was taken; not known before one."),
    Name(
        "member.rfm_recency", "int", "1 to 5 by the stored cut points, 5: most recent; not known after a year without."
    ),
    Name("member.rfm_frequency", "int", "1 to 5 by the stored cut points of purchases in a year, 5: most."),
    Name("member.rfm_monetary", "int", "1 to 5 by the stored cut points of spend in a year, 5: most."),
    Name("member.consents", "texts", "Consents in force, 'purpose.channel': 'marketing.push' in member.consents."),
)
PURCHASE = (
    Name("purchase.amount", "number", "What was paid for goods, after discounts, without excluded lines."),
    Name("purchase.currency", "text", "ISO 4217 currency, 'USD'."),
    Name("purchase.store", "text", "Key of the store."),
    Name("purchase.channel", "text", "'store', 'web', 'app' or another word of the shop."),
    Name("purchase.items_count", "int", "Number of lines."),
    Name("purchase.categories", "texts", "Categories of all lines, each once."),
    Name("purchase.departments", "texts", "Departments of all lines, each once."),
    Name("purchase.skus", "texts", "Article numbers of all lines, each once."),
    Name("purchase.lines", "maps", "All lines, each with sku, category, department, brand, kind, amount, quantity."),
    Name("purchase.attributes", "map", "What else the till sent with the purchase."),
)
LINE = (
    Name("line.sku", "text", "Article number; '' where there is none."),
    Name("line.category", "text", "Category, as the shop names it: 'COFFEE'; '' where there is none."),
    Name("line.department", "text", "Department, as the shop names it: 'PRODUCE'; '' where there is none."),
    Name("line.brand", "text", "Brand; '' where there is none."),
    Name("line.kind", "text", "'goods', 'service', 'gift_card', 'delivery', 'fee' or 'donation'."),
    Name("line.amount", "number", "What was paid for the line, after discounts."),
    Name("line.discount", "number", "How much was taken off the line's list price."),
    Name("line.quantity", "number", "Pieces, kilograms or litres."),
    Name("line.attributes", "map", "What else the till sent with the line."),
)
EVENT = (
    Name("event.name", "text", "The event's name: 'ride'."),
    Name("event.properties", "map", "What came with it: event.properties.minutes > 60."),
    Name("event.store", "text", "Key of the store where it happened; not known elsewhere."),
    Name("event.source", "text", "Who reported it: 'app', 'till', 'web' or another integration."),
)
FEEDBACK = (
    Name("feedback.source", "text", "'survey' or 'review'; not known where an event is judged."),
    Name("feedback.survey", "text", "Key of the survey that was answered."),
    Name("feedback.nps", "int", "How likely to recommend, 0 to 10; not known if that was not asked."),
    Name("feedback.csat", "int", "How satisfied, 1 to 5; not known if that was not asked."),
    Name("feedback.stars", "number", "Stars of a review, or of a survey's rating scaled to five."),
    Name("feedback.score", "number", "The lowest score given, from 0 (worst) to 1 (best); not known without a score."),
    Name("feedback.sentiment", "text", "'negative', 'neutral' or 'positive'; not known without words or the model."),
    Name("feedback.negative", "number", "How sure the model is that the words are negative, 0 to 1."),
    Name("feedback.language", "text", "Language of the words: en, it, ru, ar; not known for others."),
    Name("feedback.themes", "texts", "Keys of the themes that the words are about: 'delivery' in feedback.themes."),
    Name("feedback.urgent", "bool", "Whether the words speak of danger, law, theft or of leaving."),
    Name("feedback.contradiction", "bool", "Whether score and words disagree: a 9 with angry words, a 1 with praise."),
)
PLACE = (
    Name("place.key", "text", "Key of the place the member is at; not known elsewhere."),
    Name("place.distance_metres", "number", "Distance from the member to that place's centre."),
)
WEATHER = (
    Name("weather.temperature_celsius", "number", "Temperature at the member's place."),
    Name("weather.rain_millimetres", "number", "Rain in the present hour."),
    Name("weather.condition", "text", "clear, cloudy, fog, rain, snow, storm."),
    Name("weather.feels_like_celsius", "number", "Temperature as it feels in the wind; not known from every source."),
    Name(
        "weather.forecast",
        "maps",
        "The next hours, each with hours_ahead, temperature_celsius, rain_millimetres, condition.",
    ),
)

MEMBER_ENVIRONMENT = Environment("member", NOW, MEMBER)
LINE_ENVIRONMENT = Environment("line", NOW, MEMBER, PURCHASE, LINE)
PURCHASE_ENVIRONMENT = Environment("purchase", NOW, MEMBER, PURCHASE)
EVENT_ENVIRONMENT = Environment("event", NOW, MEMBER, EVENT)
FEEDBACK_ENVIRONMENT = Environment("feedback", NOW, MEMBER, EVENT, FEEDBACK)
CONTEXT_ENVIRONMENT = Environment("context", NOW, MEMBER, PLACE, WEATHER)
WEATHER_ENVIRONMENT = Environment("weather", NOW, WEATHER)
SEGMENT_ENVIRONMENT = Environment("segment", NOW, MEMBER, SEGMENT)

MemberCondition = Annotated[Expression, Typed(MEMBER_ENVIRONMENT, "bool")]
LineCondition = Annotated[Expression, Typed(LINE_ENVIRONMENT, "bool")]
PurchaseCondition = Annotated[Expression, Typed(PURCHASE_ENVIRONMENT, "bool")]
EventCondition = Annotated[Expression, Typed(EVENT_ENVIRONMENT, "bool")]
EventAmount = Annotated[Expression, Typed(EVENT_ENVIRONMENT, "number")]
FeedbackCondition = Annotated[Expression, Typed(FEEDBACK_ENVIRONMENT, "bool")]
ContextCondition = Annotated[Expression, Typed(CONTEXT_ENVIRONMENT, "bool")]
WeatherCondition = Annotated[Expression, Typed(WEATHER_ENVIRONMENT, "bool")]
SegmentCondition = Annotated[Expression, Typed(SEGMENT_ENVIRONMENT, "bool")]
