"""The base of zenstrap's own pipelines, wherever they are started."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from zenml import get_step_context

from zenstrap import stopping
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import UsageError
from zenstrap.request import PLAIN, Request
from zenstrap.runs import run_options
from zenstrap.zenml_private.calls import name_run
from zenstrap.zenml_private.dynamic import DynamicPipeline

Model = TypeVar("Model", bound=BaseModel)


class LifecyclePipeline(DynamicPipeline):
    """A dynamic pipeline whose runs are named and tagged by their environment.

    Its first parameter is the environment's configuration.
    """

    command = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Start a run.

        Raises:
            UsageError: it can't be started from within a step, or with these arguments.
            KeyboardInterrupt: a stop was requested after the run had finished its work.
        """
        if _is_in_a_step():  # ZenML would silently do nothing
            raise UsageError(
                f"the pipeline {self.name} can't be started within a step of another one",
                fix="Start it from a process of its own",
            )
        # On a copy: a run's name and tags must not carry over to the next run.
        run = super(LifecyclePipeline, self.copy()).__call__(*args, **kwargs)
        stopping.heed()
        return run

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        arguments = inspect.signature(self.entrypoint).bind_partial(*args, **kwargs).arguments
        configured = self.configuration.parameters or {}
        parameters = {**configured, **arguments}
        if parameters.get("config") is None:
            raise UsageError(
                f"the pipeline {self.name} needs the parameter config",
                fix='Pass config=load_environment("NAME"), from zenstrap.config',
            )
        config = self._checked(EnvironmentConfig, "config", parameters["config"])
        request = self._checked(Request, "request", parameters.get("request", PLAIN))
        self._name_by(config.environment)
        full = {"config": _in_full(config), "request": _in_full(request)}
        if configured.keys() & full.keys():  # ZenML refuses a second value, even an equal one
            self.configure(parameters=full)
            full = {}
        super().prepare(**full)

    def _checked(self, model: type[Model], name: str, value: object) -> Model:
        """The validated value of a parameter.

        Raises:
            UsageError: it is not valid.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise UsageError(
                f"a parameter of the pipeline {self.name} is not valid",
                where=".".join((name, *(str(part) for part in first["loc"]))),
                why=first["msg"],
            ) from None

    def _name_by(self, environment: str) -> None:
        options = run_options(environment, self.name, self.command)
        name_run(self, options.name)
        self.configure(
            substitutions={"environment": environment}, tags=options.tags, extra=options.extra
        )


def _is_in_a_step() -> bool:
    try:
        get_step_context()
    except RuntimeError:
        return False
    return True


def _in_full(model: Model) -> Model:
    """A copy with every field set: ZenML records only fields that are set."""
    return model.model_validate(model.model_dump(mode="json"))


def lifecycle_pipeline(command: str) -> Callable[[Callable[..., None]], LifecyclePipeline]:
    """Decorate a function as the body of one of zenstrap's pipelines.

    Args:
        command: the command that it executes, such as ``up``.
    """

    def decorate(body: Callable[..., None]) -> LifecyclePipeline:
        pipeline = LifecyclePipeline(name=body.__name__, entrypoint=body, enable_cache=False)
        pipeline.command = command
        pipeline.__doc__ = body.__doc__
        return pipeline

    return decorate
