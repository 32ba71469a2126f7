"""Support and community: texts read, cases, make-goods, what was asked; reviews, photo entries, gatherings."""

from fedele.migrations.sql import run_sql

revision = "20261122_32_support"
down_revision = "20261122_31_surveys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(COMMUNITY)
    run_sql(SUPPORT)


COMMUNITY = """
-- A picture that a member sent, drawn anew: nothing of the file that came is left in it. Deleted by erasure.
CREATE TABLE member_picture (
    member_id uuid NOT NULL,
    picture_id uuid NOT NULL,
    uploaded_at timestamptz NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    sha256 bytea NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT pk_member_picture PRIMARY KEY (member_id, picture_id),
    CONSTRAINT uq_member_picture_member_id_sha256 UNIQUE (member_id, sha256)
);
ALTER TABLE member_picture ALTER COLUMN bytes SET STORAGE EXTERNAL;  -- a JPEG does not compress
-- A link names the picture alone, so that whoever sees it does not learn whose it is.
CREATE INDEX ix_member_picture_picture_id ON member_picture (picture_id);
CREATE INDEX ix_member_picture_member_id_uploaded_at ON member_picture (member_id, uploaded_at);

-- A review: one of a member about one thing. The words go with erasure.
CREATE TABLE review (
    member_id uuid NOT NULL,
    review_id uuid NOT NULL,
    about text NOT NULL,
    subject text NOT NULL,
    stars smallint NOT NULL,
    body text,
    picture_id uuid,
    locale text,
    verified boolean NOT NULL,
    state text NOT NULL,
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,
    actor text,
    reason text,
    currency text,
    units bigint NOT NULL DEFAULT 0,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT pk_review PRIMARY KEY (member_id, review_id),
    CONSTRAINT uq_review_member_id_about UNIQUE (member_id, about, subject),
    CONSTRAINT fk_review_member_id_member_picture FOREIGN KEY (member_id, picture_id)
        REFERENCES member_picture (member_id, picture_id),
    CONSTRAINT ck_review_about_known CHECK (about IN ('product', 'store')),
    CONSTRAINT ck_review_stars_in_range CHECK (stars BETWEEN 1 AND 5),
    CONSTRAINT ck_review_state_known CHECK (state IN ('pending', 'approved', 'rejected')),
    CONSTRAINT ck_review_decided_by_somebody
        CHECK ((state = 'pending') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL))
);
CREATE INDEX ix_review_state_submitted_at ON review (state, submitted_at, review_id);
CREATE INDEX ix_review_about_subject ON review (about, subject, state);

-- A picture entered in a contest. `nth` counts the member's entries in it.
CREATE TABLE contest_entry (
    member_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    contest_key text NOT NULL,
    nth integer NOT NULL,
    picture_id uuid,
    caption text,
    state text NOT NULL,
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,
    actor text,
    reason text,
    currency text,
    units bigint NOT NULL DEFAULT 0,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT pk_contest_entry PRIMARY KEY (member_id, entry_id),
    CONSTRAINT uq_contest_entry_member_id_contest_key UNIQUE (member_id, contest_key, nth),
    CONSTRAINT fk_contest_entry_member_id_member_picture FOREIGN KEY (member_id, picture_id)
        REFERENCES member_picture (member_id, picture_id),
    CONSTRAINT ck_contest_entry_state_known CHECK (state IN ('pending', 'approved', 'rejected')),
    CONSTRAINT ck_contest_entry_decided_by_somebody
        CHECK ((state = 'pending') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL))
);
CREATE INDEX ix_contest_entry_state_submitted_at ON contest_entry (state, submitted_at, entry_id);
CREATE INDEX ix_contest_entry_contest_key ON contest_entry (contest_key, state, entry_id);

-- One vote of a member in a contest; it may move to another entry while the vote is open.
CREATE TABLE contest_vote (
    member_id uuid NOT NULL,
    contest_key text NOT NULL,
    entry_id uuid NOT NULL,
    voted_at timestamptz NOT NULL,
    CONSTRAINT pk_contest_vote PRIMARY KEY (member_id, contest_key)
);
CREATE INDEX ix_contest_vote_contest_key_entry_id ON contest_vote (contest_key, entry_id);

-- The decision of a contest: one row a contest that was decided, with all that it takes to decide it again.
CREATE TABLE contest_result (
    contest_key text NOT NULL,
    decided_at timestamptz NOT NULL,
    seed text NOT NULL,
    entries_count integer NOT NULL,
    winners jsonb NOT NULL,
    actor text NOT NULL,
    CONSTRAINT pk_contest_result PRIMARY KEY (contest_key)
);
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON contest_result
    FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
REVOKE UPDATE, DELETE ON contest_result FROM fedele_app;

-- The seats of a gathering that are taken: what several members reach for cannot be one member's.
CREATE TABLE gathering_seat (
    gathering_key text NOT NULL,
    taken integer NOT NULL,
    CONSTRAINT pk_gathering_seat PRIMARY KEY (gathering_key),
    CONSTRAINT ck_gathering_seat_not_negative CHECK (taken >= 0)
);

-- A member's place at a gathering, or in the line for one.
CREATE TABLE gathering_place (
    member_id uuid NOT NULL,
    gathering_key text NOT NULL,
    place_id uuid NOT NULL,
    guests smallint NOT NULL,
    state text NOT NULL,
    asked_at timestamptz NOT NULL,
    attended_at timestamptz,
    actor text,
    currency text,
    units bigint NOT NULL DEFAULT 0,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT pk_gathering_place PRIMARY KEY (member_id, gathering_key),
    CONSTRAINT ck_gathering_place_state_known CHECK (state IN ('joined', 'waiting', 'left', 'attended')),
    CONSTRAINT ck_gathering_place_attended_has_a_time CHECK ((state = 'attended') = (attended_at IS NOT NULL)),
    CONSTRAINT ck_gathering_place_guests_not_negative CHECK (guests >= 0)
);
CREATE INDEX ix_gathering_place_gathering_key ON gathering_place (gathering_key, state, asked_at);
"""

SUPPORT = """
-- What was read out of a member's own words: never the words. Read anew when they change; deleted by erasure.
CREATE TABLE text_reading (
    member_id uuid NOT NULL,
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    part text NOT NULL,
    read_at timestamptz NOT NULL,
    text_sha256 bytea NOT NULL,
    model text,
    language text,
    negative real,
    neutral real,
    positive real,
    themes text[] NOT NULL,
    urgent_for text[] NOT NULL,
    contradicts boolean NOT NULL,
    CONSTRAINT pk_text_reading PRIMARY KEY (member_id, source_kind, source_id, part),
    CONSTRAINT ck_text_reading_source_known CHECK (source_kind IN ('survey', 'review')),
    CONSTRAINT ck_text_reading_all_or_no_feeling
        CHECK ((negative IS NULL) = (model IS NULL) AND (neutral IS NULL) = (model IS NULL)
               AND (positive IS NULL) = (model IS NULL))
);
CREATE INDEX ix_text_reading_read_at ON text_reading (read_at);

-- A case: somebody is unhappy, and somebody of ours answers for it. `evidence` holds scores and themes, no words.
CREATE TABLE support_case (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    rule text NOT NULL,
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    state text NOT NULL,
    urgency smallint NOT NULL,
    owner text NOT NULL,
    assignee text,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    resolved_at timestamptz,
    closed_at timestamptz,
    outcome text,
    evidence jsonb NOT NULL,
    programme_version integer NOT NULL,
    CONSTRAINT pk_support_case PRIMARY KEY (member_id, case_id),
    CONSTRAINT uq_support_case_member_id_source UNIQUE (member_id, source_kind, source_id),
    CONSTRAINT ck_support_case_state_known
        CHECK (state IN ('open', 'in_progress', 'waiting', 'resolved', 'closed', 'reopened')),
    CONSTRAINT ck_support_case_source_known CHECK (source_kind IN ('survey', 'review', 'event')),
    CONSTRAINT ck_support_case_urgency_known CHECK (urgency BETWEEN 0 AND 2),
    CONSTRAINT ck_support_case_resolved_has_a_time
        CHECK ((state IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)),
    CONSTRAINT ck_support_case_closed_has_a_time CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
-- The queue as people work it: the urgent first, then what is due first.
CREATE INDEX ix_support_case_queue ON support_case (urgency, due_at, case_id)
    WHERE state NOT IN ('resolved', 'closed');
CREATE INDEX ix_support_case_resolved_at ON support_case (resolved_at) WHERE state = 'resolved';

-- Every move of a case: append-only, without words.
CREATE TABLE support_case_step (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    step_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    assignee text,
    CONSTRAINT pk_support_case_step PRIMARY KEY (member_id, case_id, step_id)
);
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON support_case_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
REVOKE UPDATE, DELETE ON support_case_step FROM fedele_app;

-- What people wrote about a case: `shown` notes are what the member reads. Deleted by erasure.
CREATE TABLE support_case_note (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    note_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    shown boolean NOT NULL,
    words text NOT NULL,
    CONSTRAINT pk_support_case_note PRIMARY KEY (member_id, case_id, note_id)
);

-- A make-good that a rule considered for one cause, and what came of it: given, or why not.
CREATE TABLE make_good (
    member_id uuid NOT NULL,
    make_good_id uuid NOT NULL,
    rule text NOT NULL,
    cause_kind text NOT NULL,
    cause_id uuid NOT NULL,
    outcome text NOT NULL,
    case_id uuid,
    currency text,
    units bigint NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    decided_at timestamptz NOT NULL,
    programme_version integer NOT NULL,
    CONSTRAINT pk_make_good PRIMARY KEY (member_id, make_good_id),
    CONSTRAINT uq_make_good_member_id_cause UNIQUE (member_id, rule, cause_id),
    CONSTRAINT ck_make_good_outcome_known CHECK (outcome IN ('given', 'limit', 'budget', 'out_of_stock')),
    CONSTRAINT ck_make_good_cause_known CHECK (cause_kind IN ('survey', 'review', 'event'))
);
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON make_good
    FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
REVOKE UPDATE, DELETE ON make_good FROM fedele_app;

-- What a member was asked for: a public review once in a lifetime, a referral at its moments.
CREATE TABLE support_ask (
    member_id uuid NOT NULL,
    ask_id uuid NOT NULL,
    what text NOT NULL,
    because text NOT NULL,
    cause_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    CONSTRAINT pk_support_ask PRIMARY KEY (member_id, ask_id),
    CONSTRAINT uq_support_ask_member_id_cause UNIQUE (member_id, what, cause_id),
    CONSTRAINT ck_support_ask_what_known CHECK (what IN ('public_review', 'referral'))
);
CREATE UNIQUE INDEX uq_support_ask_public_review_once ON support_ask (member_id) WHERE what = 'public_review';
"""
