"""Smoke training, first step: the table, split into training and held-out rows."""

from typing import Annotated

from zenml import step

from steps.arrays import ArraysMaterializer
from zenstrap.smoke_test.data import LabelledData, read_table, split, table_path


@step(enable_cache=False, output_materializers=ArraysMaterializer)
def load_data(
    data: str | None,
) -> tuple[Annotated[LabelledData, "train"], Annotated[LabelledData, "test"]]:
    train, test = split(read_table(table_path(data)))
    return train, test  # not `return split(…)`: ZenML counts the outputs in the return statement
