r"""The four steps of the service; `once` runs them in this order.

    dump --ingest--> papers --plan--> digests in the outbox --deliver--> the relay
                           \--publish--> feeds --> feed readers

1. `ingest` (`ingest_folder` for the dumps folder): a new dump becomes papers and listings in one transaction. `tag`
   tags the papers with their topics.
2. `plan`: each subscriber who is due gets one digest. The outbox row of the digest and the move of the subscriber's
   cursor are committed together.
3. `publish`: each feed file whose content has changed is written.
4. `deliver`: the messages in the outbox are composed, sent over SMTP, and settled.

Before these steps, `fetch` gets the documents of the sources that are due, and ingests them. Before planning, `once`
also reads the inbox of returned messages and replies. Last, `remove_old` removes what the config does not keep any
longer.

Each step is idempotent: it may be stopped at any moment and run again. Several processes may run it at the same time.
"""

from notifier.pipeline.abandoned_files import remove_abandoned_files
from notifier.pipeline.delivering import deliver
from notifier.pipeline.dry_run import DryRun, plan_dry_run
from notifier.pipeline.feed_papers import feed_entries, pinned_papers, read_trending_of_days
from notifier.pipeline.fetching import (
    check_source_names,
    due_sources,
    fetch,
    fetch_each,
)
from notifier.pipeline.ingesting import (
    DumpReport,
    IngestSettings,
    describe_cuts,
    describe_skips,
    ingest,
    ingest_file,
    ingest_given,
    settings_for,
)
from notifier.pipeline.ingesting_folder import ingest_folder
from notifier.pipeline.ingesting_url import name_in, url_reader
from notifier.pipeline.moved_files import move_back_changed_files
from notifier.pipeline.next_digest import NextDigest, as_test, next_digest, send_test
from notifier.pipeline.planning import PlanReport, plan
from notifier.pipeline.publishing import RESERVED_FEEDS, PublishReport, publish, publisher_of
from notifier.pipeline.quarantine import (
    DumpBeginning,
    QuarantineRecord,
    drop_quarantined,
    list_quarantined,
    look_at_quarantined,
    retry_quarantined,
)
from notifier.pipeline.removing import RemovalReport, remove_old
from notifier.pipeline.source_retries import fetch_with_retries
from notifier.pipeline.source_runs import SourceReport, SourceStatus, describe_unannounced
from notifier.pipeline.source_times import due_at
from notifier.pipeline.steps import CallerSteps, OnceReport, once, record_steps
from notifier.pipeline.tagging import count_by_topic, tag, tag_all
from notifier.pipeline.vectorising import refit
from notifier.pipeline.welcoming import plan_welcomes

__all__ = [
    "RESERVED_FEEDS",
    "CallerSteps",
    "DryRun",
    "DumpBeginning",
    "DumpReport",
    "IngestSettings",
    "NextDigest",
    "OnceReport",
    "PlanReport",
    "PublishReport",
    "QuarantineRecord",
    "RemovalReport",
    "SourceReport",
    "SourceStatus",
    "as_test",
    "check_source_names",
    "count_by_topic",
    "deliver",
    "describe_cuts",
    "describe_skips",
    "describe_unannounced",
    "drop_quarantined",
    "due_at",
    "due_sources",
    "feed_entries",
    "fetch",
    "fetch_each",
    "fetch_with_retries",
    "ingest",
    "ingest_file",
    "ingest_folder",
    "ingest_given",
    "list_quarantined",
    "look_at_quarantined",
    "move_back_changed_files",
    "name_in",
    "next_digest",
    "once",
    "pinned_papers",
    "plan",
    "plan_dry_run",
    "plan_welcomes",
    "publish",
    "publisher_of",
    "read_trending_of_days",
    "record_steps",
    "refit",
    "remove_abandoned_files",
    "remove_old",
    "retry_quarantined",
    "send_test",
    "settings_for",
    "tag",
    "tag_all",
    "url_reader",
]
