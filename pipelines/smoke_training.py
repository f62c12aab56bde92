"""The training of the smoke test, which runs on each candidate stack before promotion."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.evaluate_model import evaluate_model
from steps.load_data import load_data
from steps.train_model import train_model


@pipeline(enable_cache=False, execution_mode=ExecutionMode.FAIL_FAST)
def smoke_training(training: str | None = None, data: str | None = None) -> None:
    train, test = load_data(data)
    model = train_model(train, training)
    evaluate_model(model, test)
