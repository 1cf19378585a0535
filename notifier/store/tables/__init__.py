"""Declare the tables with SQLModel.

The models do not validate values: input is checked where it enters the program.
"""

from __future__ import annotations

from notifier.store.tables.admin import AdminLogRow
from notifier.store.tables.api import AccessTokenRow, StoredAnswerRow
from notifier.store.tables.columns import (
    LARGEST_ID,
    NAMING,
    NEVER_REUSE_IDS,
    Instant,
    JsonStrings,
    Table,
    widen_integers,
)
from notifier.store.tables.curation import (
    CorrectedIdentityRow,
    CorrectionRow,
    CurationRow,
    DumpFactsRow,
    HiddenPaperRow,
    PartedPairRow,
    PinRow,
    TopicCorrectionRow,
)
from notifier.store.tables.deliveries import (
    NOT_ACCEPTED,
    DeliveryResultRow,
    DeliveryRow,
    EndpointRow,
    RelayRow,
    SimulatedClockRow,
)
from notifier.store.tables.dumps import AttemptRow, DumpRow, MovedRow, QuarantinedRow, UnmovedRow
from notifier.store.tables.operations import AlertRow, RemovalRow, StepRow
from notifier.store.tables.papers import (
    VOTES_CHANGED,
    ListingRow,
    PaperAliasRow,
    PaperRow,
    PaperTitleRow,
    PaperTokensRow,
    PaperTopicRow,
    SearchWordRow,
    TopicCatalogueRow,
    TopicRow,
    WithdrawalRow,
)
from notifier.store.tables.reactions import FeedbackRow, VoteRow
from notifier.store.tables.requests import PrivateFeedRow, RequestRow, SessionRow, UsageCountRow
from notifier.store.tables.returned import InboxRow, ReturnedRow
from notifier.store.tables.similarity import PaperTermsRow, PaperVectorRow, SimilarityBasisRow
from notifier.store.tables.sources import SourceDayRow, SourceRow, SourceUrlRow
from notifier.store.tables.subscribers import (
    ErasedRow,
    NamedUpvotesRow,
    NamedVotesRow,
    QueryRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

widen_integers()

# The same tables once more, for statements of SQLAlchemy's Core. The type checker knows `paper.c.title` as a column,
# but `PaperRow.title` as a str.
dump, quarantined = Table.metadata.tables["dump"], Table.metadata.tables["quarantined"]
unmoved_file, ingest_attempt = Table.metadata.tables["unmoved"], Table.metadata.tables["begun"]  # begun is the old name
moved_file = Table.metadata.tables["moved"]
paper, listing = Table.metadata.tables["paper"], Table.metadata.tables["listing"]
paper_title, paper_alias = Table.metadata.tables["paper_title"], Table.metadata.tables["paper_alias"]
paper_topic, paper_tokens = Table.metadata.tables["paper_topic"], Table.metadata.tables["paper_tokens"]
paper_terms, paper_vector = Table.metadata.tables["paper_terms"], Table.metadata.tables["paper_vector"]
similarity_basis = Table.metadata.tables["similarity_basis"]
topic, topic_catalogue = Table.metadata.tables["topic"], Table.metadata.tables["topic_catalogue"]
search_word = Table.metadata.tables["search_word"]
named_upvotes, named_votes = Table.metadata.tables["named_upvotes"], Table.metadata.tables["named_votes"]
withdrawal = Table.metadata.tables["withdrawal"]
query, subscriber = Table.metadata.tables["query"], Table.metadata.tables["subscriber"]
erased_address = Table.metadata.tables["erased"]
subscription, delivery = Table.metadata.tables["subscription"], Table.metadata.tables["delivery"]
endpoint = Table.metadata.tables["endpoint"]
relay, suppression = Table.metadata.tables["relay"], Table.metadata.tables["suppression"]
simulated_clock = Table.metadata.tables["simulated_clock"]
request, session = Table.metadata.tables["request"], Table.metadata.tables["session"]
private_feed = Table.metadata.tables["private_feed"]
usage_count = Table.metadata.tables["usage_count"]
source, source_url = Table.metadata.tables["source"], Table.metadata.tables["source_url"]
returned, inbox = Table.metadata.tables["returned"], Table.metadata.tables["inbox"]
source_day = Table.metadata.tables["source_day"]
delivery_result = Table.metadata.tables["delivery_result"]
vote, feedback = Table.metadata.tables["vote"], Table.metadata.tables["feedback"]
alert, step = Table.metadata.tables["alert"], Table.metadata.tables["step"]
removal = Table.metadata.tables["removal"]
pin, hidden_paper = Table.metadata.tables["pin"], Table.metadata.tables["hidden_paper"]
correction, topic_correction = Table.metadata.tables["correction"], Table.metadata.tables["topic_correction"]
corrected_identity = Table.metadata.tables["corrected_identity"]
dump_facts, parted_pair = Table.metadata.tables["dump_facts"], Table.metadata.tables["parted_pair"]
curation, admin_log = Table.metadata.tables["curation"], Table.metadata.tables["admin_log"]
access_token, stored_answer = Table.metadata.tables["access_token"], Table.metadata.tables["stored_answer"]

__all__ = [
    "LARGEST_ID",
    "NAMING",
    "NEVER_REUSE_IDS",
    "NOT_ACCEPTED",
    "VOTES_CHANGED",
    "AccessTokenRow",
    "AdminLogRow",
    "AlertRow",
    "AttemptRow",
    "CorrectedIdentityRow",
    "CorrectionRow",
    "CurationRow",
    "DeliveryResultRow",
    "DeliveryRow",
    "DumpFactsRow",
    "DumpRow",
    "EndpointRow",
    "ErasedRow",
    "FeedbackRow",
    "HiddenPaperRow",
    "InboxRow",
    "Instant",
    "JsonStrings",
    "ListingRow",
    "MovedRow",
    "NamedUpvotesRow",
    "NamedVotesRow",
    "PaperAliasRow",
    "PaperRow",
    "PaperTermsRow",
    "PaperTitleRow",
    "PaperTokensRow",
    "PaperTopicRow",
    "PaperVectorRow",
    "PartedPairRow",
    "PinRow",
    "PrivateFeedRow",
    "QuarantinedRow",
    "QueryRow",
    "RelayRow",
    "RemovalRow",
    "RequestRow",
    "ReturnedRow",
    "SearchWordRow",
    "SessionRow",
    "SimilarityBasisRow",
    "SimulatedClockRow",
    "SourceDayRow",
    "SourceRow",
    "SourceUrlRow",
    "StepRow",
    "StoredAnswerRow",
    "SubscriberRow",
    "SubscriptionRow",
    "SuppressionRow",
    "Table",
    "TopicCatalogueRow",
    "TopicCorrectionRow",
    "TopicRow",
    "UnmovedRow",
    "UsageCountRow",
    "VoteRow",
    "WithdrawalRow",
    "access_token",
    "admin_log",
    "alert",
    "corrected_identity",
    "correction",
    "curation",
    "delivery",
    "delivery_result",
    "dump",
    "dump_facts",
    "endpoint",
    "erased_address",
    "feedback",
    "hidden_paper",
    "inbox",
    "ingest_attempt",
    "listing",
    "moved_file",
    "named_upvotes",
    "named_votes",
    "paper",
    "paper_alias",
    "paper_terms",
    "paper_title",
    "paper_tokens",
    "paper_topic",
    "paper_vector",
    "parted_pair",
    "pin",
    "private_feed",
    "quarantined",
    "query",
    "relay",
    "removal",
    "request",
    "returned",
    "search_word",
    "session",
    "similarity_basis",
    "simulated_clock",
    "source",
    "source_day",
    "source_url",
    "step",
    "stored_answer",
    "subscriber",
    "subscription",
    "suppression",
    "topic",
    "topic_catalogue",
    "topic_correction",
    "unmoved_file",
    "usage_count",
    "vote",
    "withdrawal",
]
