"""Give all whole numbers 64 bits: on PostgreSQL the integer columns and the sequences that number rows.

SQLite's have 64 bits already. In both databases, the ids of the sample by which a basis of vectors is judged get them.
"""

import struct

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

# One statement for each table, because each writes the table anew.
COLUMNS = sa.text(
    "SELECT table_name, string_agg(format('ALTER COLUMN %I TYPE bigint', column_name), ', ') "
    "FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND data_type = 'integer' "
    "GROUP BY table_name ORDER BY table_name"
)
SEQUENCES = sa.text(
    "SELECT sequence_name FROM information_schema.sequences "
    "WHERE sequence_schema = current_schema() AND data_type = 'integer' ORDER BY sequence_name"
)


BASIS = sa.table("similarity_basis", sa.column("id", sa.Integer), sa.column("sample", sa.LargeBinary))


def upgrade() -> None:
    connection = op.get_bind()
    for basis_id, sample in connection.execute(sa.select(BASIS).where(BASIS.c.sample.is_not(None))).all():
        ids = [number for (number,) in struct.iter_unpack("<i", sample)]
        widened = sa.update(BASIS).where(BASIS.c.id == basis_id).values(sample=struct.pack(f"<{len(ids)}q", *ids))
        connection.execute(widened)
    if connection.dialect.name != "postgresql":
        return
    for table, changes in connection.execute(COLUMNS).all():
        op.execute(f'ALTER TABLE "{table}" {changes}')
    for (sequence,) in connection.execute(SEQUENCES).all():
        op.execute(f'ALTER SEQUENCE "{sequence}" AS bigint')
