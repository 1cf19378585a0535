"""The only SQL: tables, migrations, and the statements of each step.

Functions take a connection inside a transaction that the caller opened with `engine.reading` or `engine.writing`.
"""
