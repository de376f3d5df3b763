"""A result as one HTML page."""

from ibestimators.report._page import write_report

__all__ = ["write_report"]
