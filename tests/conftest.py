"""What all tests share."""

import gc
import logging
import os

import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.fixtures", "tests.support.portal"]

# A busy machine is no failure. `make test` thinks of the same examples each time, here as in CI;
# `make long` thinks of new ones.
settings.register_profile(
    "partloop",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize="PARTLOOP_TEST_STEPS" not in os.environ,
)
settings.load_profile("partloop")

# What a failed test shows are faults, not each request.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

# What a test leaves behind is little: to look for it so often costs a tenth of the time.
gc.set_threshold(100_000, 50, 100)
