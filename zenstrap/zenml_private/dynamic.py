"""ZenML's class of dynamic pipelines, to be extended: it is documented by its decorator alone."""

from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline

__all__ = ["DynamicPipeline"]
