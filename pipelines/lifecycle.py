"""What zenstrap's own pipelines have in common, from wherever they are started."""

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
    """A dynamic pipeline whose runs are named, tagged and found by their environment.

    Its first parameter is the environment's configuration.
    """

    command = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Start a run.

        Raises:
            UsageError: it can't be started like this.
            KeyboardInterrupt: a stop was requested when all was done already.
        """
        if _is_in_a_step():  # ZenML would do nothing, and say nothing
            raise UsageError(
                f"the pipeline {self.name} can't be started within a step of another one",
                fix="Start it from a process of its own",
            )
        # Of a copy: what a run is named by isn't the next one's.
        run = super(LifecyclePipeline, self.copy()).__call__(*args, **kwargs)
        stopping.heed()
        return run

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(self.entrypoint).bind_partial(*args, **kwargs).arguments
        configured = self.configuration.parameters or {}
        told = {**configured, **given}
        if told.get("config") is None:
            raise UsageError(
                f"the pipeline {self.name} isn't told of which environment",
                fix='Give it config=load_environment("NAME"), from zenstrap.config',
            )
        config = self._checked(EnvironmentConfig, "config", told["config"])
        request = self._checked(Request, "request", told.get("request", PLAIN))
        self._name_by(config.environment)
        full = {"config": _in_full(config), "request": _in_full(request)}
        if configured.keys() & full.keys():  # ZenML takes no second value, not even the same
            self.configure(parameters=full)
            full = {}
        super().prepare(**full)

    def _checked(self, model: type[Model], name: str, value: object) -> Model:
        """The value of a parameter.

        Raises:
            UsageError: it is none.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise UsageError(
                f"the pipeline {self.name} isn't given what it takes",
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
    """The same with every field set: ZenML records no others."""
    return model.model_validate(model.model_dump(mode="json"))


def lifecycle_pipeline(command: str) -> Callable[[Callable[..., None]], LifecyclePipeline]:
    """Make a function the body of one of zenstrap's pipelines.

    Args:
        command: the command that it carries out, such as ``up``.
    """

    def made(body: Callable[..., None]) -> LifecyclePipeline:
        pipeline = LifecyclePipeline(name=body.__name__, entrypoint=body, enable_cache=False)
        pipeline.command = command
        pipeline.__doc__ = body.__doc__
        return pipeline

    return made
