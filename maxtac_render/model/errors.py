"""The environment failed: something outside the program and its input is not as it must be. Exit code 2."""

from __future__ import annotations


class EnvironmentFault(Exception):
    """Something that no change to the input's meaning can mend; the message is for the user."""


class SourceFault(EnvironmentFault):
    """A source cannot be read: no such file, no permission, no such revision."""


class SinkFault(EnvironmentFault):
    """Output cannot be written."""


class HistoryFault(EnvironmentFault):
    """The Git history that an anchor needs is missing or cut."""
