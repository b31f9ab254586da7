"""The tags of a deployment: what the user adds to its event, and what is found out when it begins. No I/O."""

from __future__ import annotations

import enum

MOST = 50
"""How many tags a user may give."""
NAME_LIMIT = 100
"""Most characters of a tag's name."""
VALUE_LIMIT = 1000
"""Most characters of a tag's value."""


class Found(str, enum.Enum):
    """What is found out of a deployment; the setting `bigpanda:context` names which of it is sent.

    Each is a tag of that name, except the link.
    """

    PREVIOUS_VERSION = "previous_version"
    """The version before, where it is another one."""
    ENVIRONMENT = "environment"
    """The stack's short name."""
    PROJECT = "project"
    ORGANIZATION = "organization"
    """The stack's organization; a backend of one's own has none."""
    RESOURCES = "resources"
    """What changes, by type and name."""
    GIT_COMMIT = "git_commit"
    GIT_BRANCH = "git_branch"
    GIT_REPOSITORY = "git_repository"
    """Host and path of the remote, without user name and password."""
    GIT_DIRTY = "git_dirty"
    """Whether tracked files differ from the commit."""
    TRIGGERED_BY = "triggered_by"
    """Who triggered the CI job."""
    JOB = "job"
    """The CI job, by its system and name."""
    TICKET_URL = "ticket_url"
    """The link: the page of the CI job, else of the stack in Pulumi Cloud."""


FOUND = frozenset(Found)

OPERATION, DESTROY = "operation", "destroy"
"""The tag of a deployment that removes what was deployed, and its value."""

OF_EVENT = ("component", "version", "hosts", "description", "owner", "source", "result", "reason", "ticket_url")
"""The tags that the event's own properties become; nobody else sets these."""
