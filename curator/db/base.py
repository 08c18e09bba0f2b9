"""The declarative base: naming of constraints, Python type to column type, nothing else."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Enum, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
"""A primary key given by the database."""


class Base(DeclarativeBase):
    """Every table of ours. Times are `timestamptz`, text is `text`, dictionaries and lists are `jsonb`."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text(),
        int: BigInteger(),
        dict[str, Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


def states(kind: type[StrEnum]) -> Enum:
    """A text column that holds one of `kind`'s values, checked by the database."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=f"known_{kind.__name__.lower()}",
        length=32,
        values_callable=lambda members: [m.value for m in members],
    )
