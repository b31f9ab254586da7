"""What the environment of a CI job tells of the deployment that the job runs.

No I/O, no Pulumi: the caller passes the environment. Addresses leave this module without credentials.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from .bigpanda.text import one_line
from .dataclass import dataclass

LONGEST_VALUE = 200
"""The most characters of a name. A longer one is cut."""
LONGEST_ADDRESS = 2000
"""The most characters of an address. A longer one is left out, since half an address leads nowhere."""


@dataclass(frozen=True)
class Job:
    """The CI job that runs the update.

    Attributes:
        url: the job's page, http or https; None where it is not known.
        triggered_by: the person or the account that triggered the job, as the CI system names it.
        name: which job it is: "GitHub Actions: acme/shop, Deploy, run 17".
        commit: the commit that the job builds, in hexadecimal digits.
        branch: the branch that the job builds; None where it builds a tag.
        repository: the repository, as `repository` gives it.
    """

    url: str | None
    triggered_by: str | None
    name: str
    commit: str | None
    branch: str | None
    repository: str | None


@dataclass(frozen=True)
class _System:
    """A CI system, and where its jobs find what a `Job` has.

    Each value has a list of templates. The first one whose variables are all set is used.

    Attributes:
        name: what the system is called, a template as well.
        marker: the variable that is set in each of its jobs, and nowhere else.
        job: which of its jobs it is.
        tag: the variable that is set where the job builds a tag. Some systems give the tag as the branch too.
    """

    name: str
    marker: str
    job: tuple[str, ...]
    url: tuple[str, ...]
    triggered_by: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    repository: tuple[str, ...] = ()
    tag: str | None = None


SYSTEMS = (
    # First, since its variables can be set by hand for a CI system that is not in this table.
    _System(
        name="{PULUMI_CI_SYSTEM}",
        marker="PULUMI_CI_SYSTEM",
        job=(
            "{PULUMI_CI_ORGANIZATION}/{PULUMI_CI_PROJECT}/{PULUMI_CI_STACK}, deployment {PULUMI_CI_BUILD_NUMBER}",
            "build {PULUMI_CI_BUILD_NUMBER}",
            "build {PULUMI_CI_BUILD_ID}",
        ),
        url=("{PULUMI_CI_BUILD_URL}",),
        commit=("{PULUMI_CI_PULL_REQUEST_SHA}",),
    ),
    _System(
        name="GitHub Actions",
        marker="GITHUB_ACTIONS",
        job=("{GITHUB_REPOSITORY}, {GITHUB_WORKFLOW}, run {GITHUB_RUN_NUMBER}",),
        url=("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",),
        # The actor stays the same when somebody else runs the workflow again.
        triggered_by=("{GITHUB_TRIGGERING_ACTOR}", "{GITHUB_ACTOR}"),
        commit=("{GITHUB_SHA}",),
        branch=("{GITHUB_HEAD_REF}", "{GITHUB_REF}"),
        repository=("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",),
    ),
    _System(
        name="GitLab CI",
        marker="GITLAB_CI",
        job=("{CI_PROJECT_PATH}, {CI_JOB_NAME}, job {CI_JOB_ID}",),
        url=("{CI_JOB_URL}", "{CI_PIPELINE_URL}"),
        triggered_by=("{GITLAB_USER_LOGIN}", "{GITLAB_USER_NAME}"),
        commit=("{CI_COMMIT_SHA}",),
        # CI_COMMIT_REF_NAME would be the tag where one is built.
        branch=("{CI_COMMIT_BRANCH}", "{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}"),
        repository=("{CI_PROJECT_URL}", "{CI_REPOSITORY_URL}"),
    ),
    _System(
        name="CircleCI",
        marker="CIRCLECI",
        job=(
            "{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}, {CIRCLE_JOB}, job {CIRCLE_BUILD_NUM}",
            "{CIRCLE_JOB}, job {CIRCLE_BUILD_NUM}",
        ),
        url=("{CIRCLE_BUILD_URL}",),
        triggered_by=("{CIRCLE_USERNAME}",),
        commit=("{CIRCLE_SHA1}",),
        branch=("{CIRCLE_BRANCH}",),
        repository=("{CIRCLE_REPOSITORY_URL}",),
        tag="CIRCLE_TAG",
    ),
    _System(
        name="Azure Pipelines",
        marker="TF_BUILD",
        job=("{SYSTEM_TEAMPROJECT}, {BUILD_DEFINITIONNAME}, run {BUILD_BUILDNUMBER}",),
        url=(
            "{SYSTEM_COLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
            "{SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        ),
        triggered_by=("{BUILD_REQUESTEDFOR}",),
        commit=("{BUILD_SOURCEVERSION}",),
        # BUILD_SOURCEBRANCHNAME is the last part alone: "login" of "feature/login".
        branch=("{SYSTEM_PULLREQUEST_SOURCEBRANCH}", "{BUILD_SOURCEBRANCH}"),
        repository=("{BUILD_REPOSITORY_URI}",),
    ),
    _System(
        name="Bitbucket Pipelines",
        marker="BITBUCKET_BUILD_NUMBER",
        job=("{BITBUCKET_REPO_FULL_NAME}, build {BITBUCKET_BUILD_NUMBER}", "build {BITBUCKET_BUILD_NUMBER}"),
        url=(
            "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
            "{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        ),
        triggered_by=("{BITBUCKET_STEP_TRIGGERER_UUID}",),
        commit=("{BITBUCKET_COMMIT}",),
        branch=("{BITBUCKET_BRANCH}",),
        repository=("{BITBUCKET_GIT_HTTP_ORIGIN}", "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}"),
        tag="BITBUCKET_TAG",
    ),
    _System(
        name="Buildkite",
        marker="BUILDKITE",
        job=("{BUILDKITE_ORGANIZATION_SLUG}/{BUILDKITE_PIPELINE_SLUG}, build {BUILDKITE_BUILD_NUMBER}",),
        url=("{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", "{BUILDKITE_BUILD_URL}"),
        # Who unblocked a build let it deploy; who created it may have pushed a commit alone.
        triggered_by=("{BUILDKITE_UNBLOCKER}", "{BUILDKITE_BUILD_CREATOR}"),
        commit=("{BUILDKITE_COMMIT}",),
        branch=("{BUILDKITE_BRANCH}",),
        repository=("{BUILDKITE_REPO}",),
        tag="BUILDKITE_TAG",
    ),
    # Last, since a Jenkins agent can have its variable in jobs of other systems on the same machine.
    _System(
        name="Jenkins",
        marker="JENKINS_URL",
        job=("{JOB_NAME}, build {BUILD_NUMBER}",),
        url=("{BUILD_URL}",),
        triggered_by=("{BUILD_USER_ID}", "{BUILD_USER}"),  # of the plugin "build user vars"
        commit=("{GIT_COMMIT}",),
        branch=("{CHANGE_BRANCH}", "{BRANCH_NAME}", "{GIT_BRANCH}"),
        repository=("{GIT_URL}", "{GIT_URL_1}"),
        tag="TAG_NAME",
    ),
)


def job(environ: Mapping[str, str]) -> Job | None:
    """The CI job that the environment belongs to; None where there is none.

    Args:
        environ: the environment, usually `os.environ`. Blank variables count as not set.
    """
    system = next((one for one in SYSTEMS if _value(environ, one.marker).lower() not in ("", "false")), None)
    if system is None:
        return None
    is_tag = system.tag is not None and _value(environ, system.tag) != ""
    names = [_text(environ, (system.name,)), _text(environ, system.job)]
    page = _first(system.url, environ, _in_address)
    address = _first(system.repository, environ, _in_address)
    return Job(
        url=page and safe_url(page),
        triggered_by=_text(environ, system.triggered_by),
        name=one_line(": ".join(filter(None, names)), LONGEST_VALUE),
        commit=_commit(_text(environ, system.commit)),
        branch=None if is_tag else _branch(_text(environ, system.branch)),
        repository=address and repository(address),
    )


def safe_url(url: str) -> str | None:
    """The address of a page, if it is safe to show and to click on.

    Returns:
        The address, with its query and fragment; None if it is not http or https, has user info or an "@" elsewhere,
        has no valid host or port, contains white space or control characters, or is longer than `LONGEST_ADDRESS`.
    """
    parts = _split(url)
    # An "@" after the host may end a password that holds "/", "?" or "#".
    if parts is None or parts.scheme not in ("https", "http") or "@" in url or _host(parts) is None:
        return None
    return urlunsplit(parts)


def repository(url: str) -> str | None:
    """A repository's address as people write it: `github.com/acme/shop`.

    User info, scheme, query, fragment and `.git` are left out, so every way to clone a repository gives the same text.

    Args:
        url: an address as git takes it: `https://...`, `ssh://...`, `git://...` or `git@host:path`.

    Returns:
        Host and path; None for anything else. A folder is left out too, since it means nothing on another machine.
    """
    parts = _split(_as_url(url.strip()))
    if parts is None or parts.scheme not in _PORTS:
        return None
    host = _host(parts)
    path = "/".join(filter(None, parts.path.split("/"))).removesuffix(".git").rstrip("/")
    # As in `safe_url`; the "@" before the host is the one that is expected here.
    after_host = parts.path + parts.query + parts.fragment
    if host is None or "@" in after_host or not _PATH.fullmatch(path):
        return None
    found = f"{host}/{path}"
    return found if len(found) <= LONGEST_VALUE else None


_VARIABLE = re.compile(r"{(\w+)}")
_COMMIT = re.compile("[0-9a-f]{7,64}")
_REMOTE = re.compile("^(refs/heads/|refs/remotes/origin/|origin/)")
"""What stands before a branch. Jenkins gives `origin/main`."""
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_PATH = re.compile(r"[\w.~%+/-]+")
"""What a repository's path consists of. Others, such as ";" and "=", may separate a token from it."""
_SCP = re.compile(r"(?P<host>[^/:\[\]]{2,}|[^/:\[\]]*\[[0-9a-fA-F:.]+\]):(?P<path>[^:].*)")
"""`git@host:path`. A host of one letter would be a drive of Windows."""
_PORTS = {"https": 443, "http": 80, "git": 9418, "ssh": None, "git+ssh": None, "ssh+git": None}
"""The schemes of repositories with their ports. With ssh no port is shown, since it leads to no page."""


def _value(environ: Mapping[str, str], name: str) -> str:
    return one_line(environ.get(name, ""))


def _in_text(value: str, _place: re.Match[str]) -> str:
    return one_line(value)


def _in_address(value: str, place: re.Match[str]) -> str:
    """How a value is written in an address, given its place in the template."""
    if place.start() > 0:
        return quote(one_line(value), safe="/")
    # Not cleaned: without what an escape sequence takes along, such as an "@", a password would look like a host.
    if place.end() == len(place.string) or "@" in value:
        return value
    # The template goes on, so its own query and fragment are the only ones: what else is there may be a token.
    return re.split("[?#]", value)[0].rstrip("/")


def _first(
    templates: tuple[str, ...], environ: Mapping[str, str], written: Callable[[str, re.Match[str]], str]
) -> str | None:
    """The first of the templates whose variables are all set, with their values in it; None if there is none."""
    for template in templates:
        if all(_value(environ, name) for name in _VARIABLE.findall(template)):
            return _VARIABLE.sub(lambda place: written(environ[place[1]], place), template)
    return None


def _text(environ: Mapping[str, str], templates: tuple[str, ...]) -> str | None:
    found = _first(templates, environ, _in_text)
    return None if found is None else one_line(found, LONGEST_VALUE)


def _commit(found: str | None) -> str | None:
    """None for what is no commit, such as HEAD, or the number of a change in another system than git."""
    return found.lower() if found is not None and _COMMIT.fullmatch(found.lower()) else None


def _branch(found: str | None) -> str | None:
    """The name alone; None for other references than branches: `refs/tags/1.0`, `refs/pull/7/merge`."""
    if found is None:
        return None
    name = _REMOTE.sub("", found)
    return None if name.startswith("refs/") else name or None


def _as_url(text: str) -> str:
    """`git@host:path` as the address that it stands for; other text as it is."""
    if "://" not in text and (found := _SCP.fullmatch(text)):
        return f"ssh://{found['host']}/{found['path']}"
    return text


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None where different programs could see different parts."""
    text = url.strip()
    # urlsplit would leave out line breaks, and browsers take a backslash for a slash.
    if len(text) > LONGEST_ADDRESS or "\\" in text or any(one.isspace() or not one.isprintable() for one in text):
        return None
    try:
        return urlsplit(text)
    except ValueError:
        return None


def _host(parts: SplitResult) -> str | None:
    """The host, with its port where that is not the scheme's own; None where one of them is not valid."""
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if host is None:
        return None
    if ":" in host:
        try:
            host = f"[{ipaddress.IPv6Address(host)}]" if "%" not in host else None
        except ValueError:
            return None
    elif not _NAME.fullmatch(host):
        return None
    default = _PORTS.get(parts.scheme)
    return f"{host}:{port}" if host and port and default and port != default else host
