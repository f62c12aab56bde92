"""All undocumented parts of ZenML that zenstrap uses, and nothing else.

    calls      ZenML's functions that zenstrap calls
    patches    ZenML's functions that zenstrap replaces in its own process

Elsewhere only ``zenml`` itself, its ``Client``, models, enums, exceptions and base materializer are
used (``tests/test_layout.py``). Every call here works with ZenML 0.95.1 to 0.98.0 and has a test in
``tests/zenml_private``. ZenML is imported within the functions: the import takes seconds.
"""
