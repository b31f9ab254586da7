"""Who recorded an attempt: the machine, the user there, and the CI job. No I/O beside the system's own names."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..dataclass import dataclass


@dataclass(frozen=True)
class Origin:
    """Who recorded an attempt; what is not known is None.

    Attributes:
        machine: the name of the machine.
        person: the user there.
        job: the CI job: "GitHub Actions: acme/shop, Deploy, run 17".
        page: the job's page.
    """

    machine: str | None = None
    person: str | None = None
    job: str | None = None
    page: str | None = None

    @classmethod
    def here(cls, environ: Mapping[str, str], secrets: Collection[str] = ()) -> Origin:
        """This process.

        Args:
            environ: the environment, which tells of the CI job.
            secrets: texts that must not be seen.
        """
        import platform  # here, since an update that begins no attempt asks nobody

        from ..bigpanda.masking import masked
        from ..context import job

        found = job(environ)
        name, page = (None, None) if found is None else (masked(found.name, secrets), found.url)
        return cls(platform.node() or None, _person(), name, page and masked(page, secrets))

    @property
    def is_known(self) -> bool:
        """Whether anything of it is known."""
        return self != Origin()

    def is_same_user(self, other: Origin) -> bool:
        """Whether both are the same user of the same machine."""
        return (self.machine, self.person) == (other.machine, other.person)

    def __str__(self) -> str:
        """The CI job, else the user and the machine."""
        return self.job or "@".join(part for part in (self.person, self.machine) if part)


def _person() -> str | None:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container may run as a user that has no name
        return None
