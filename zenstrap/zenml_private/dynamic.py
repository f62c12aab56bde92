"""ZenML's class of dynamic pipelines, to subclass: ZenML documents only its decorator."""

from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline

__all__ = ["DynamicPipeline"]
