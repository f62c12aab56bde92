"""Everything of ZenML that zenstrap uses and ZenML doesn't document, and nothing else.

    calls      what is called
    patches    what is replaced in this process

Elsewhere only ``zenml`` itself, its ``Client``, models, enums, exceptions and base materializer are
used (``tests/test_layout.py``). Every call here is the same in ZenML 0.95.1 to 0.98.0, and has a
test in ``tests/zenml_private``. ZenML is imported within the functions: it takes seconds.
"""
