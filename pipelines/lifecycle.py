"""What zenstrap's own pipelines have in common, from wherever they are started."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from zenstrap.config import EnvironmentConfig
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
        # Of a copy: what a run is named by isn't the next one's.
        return super(LifecyclePipeline, self.copy()).__call__(*args, **kwargs)

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(self.entrypoint).bind_partial(*args, **kwargs).arguments
        told = {**(self.configuration.parameters or {}), **given}
        config = EnvironmentConfig.model_validate(told["config"])
        self._name_by(config.environment)
        request = Request.model_validate(told.get("request", PLAIN))
        super().prepare(config=_in_full(config), request=_in_full(request))

    def _name_by(self, environment: str) -> None:
        options = run_options(environment, self.name, self.command)
        name_run(self, options.name)
        self.configure(
            substitutions={"environment": environment}, tags=options.tags, extra=options.extra
        )


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
