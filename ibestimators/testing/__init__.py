"""Checks for estimators of this package, and for subclasses of them."""
