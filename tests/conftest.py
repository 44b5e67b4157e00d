"""What all tests share."""

pytest_plugins = ["tests.support.fixtures", "tests.support.portal"]
