"""The story, in idempotent steps, always in this order:

    dump --ingest--> papers --plan--> digests in the outbox --deliver--> inbox
                           \\--publish--> feeds --> readers

1. `ingest`: new dumps -> papers, listings, topics of each paper. One transaction per dump, its rows prepared before.
2. `plan`: subscribers who are due -> one digest each. The outbox row and the subscriber's cursor move commit together.
3. `publish`: topics that changed -> feed files.
4. `deliver`: outbox rows -> bytes -> mail -> settled rows.

Any of them may be stopped at any moment and run again, by any number of processes at once.
"""
