"""The context of a deployment: what each CI system tells of its job, and that no credential is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.context import LONGEST_ADDRESS, LONGEST_VALUE, SYSTEMS, Job, job, repository, safe_url

COMMIT = "ce9a3c1404e8c91be604088670e93434c4253f03"

# -- CI systems --------------------------------------------------------------------------------------------------------

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "Deploy",
    "GITHUB_JOB": "up",
    "GITHUB_RUN_ID": "11873261098",
    "GITHUB_RUN_NUMBER": "17",
    "GITHUB_ACTOR": "dependabot[bot]",
    "GITHUB_TRIGGERING_ACTOR": "ann",
    "GITHUB_SHA": COMMIT,
    "GITHUB_REF": "refs/heads/feature/login",
    "GITHUB_REF_NAME": "feature/login",
    "GITHUB_HEAD_REF": "",
}
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "acme/web/shop",
    "CI_PROJECT_URL": "https://gitlab.acme.com/acme/web/shop",
    "CI_REPOSITORY_URL": "https://gitlab-ci-token:s3cret@gitlab.acme.com/acme/web/shop.git",
    "CI_JOB_ID": "4711",
    "CI_JOB_NAME": "deploy:prod",
    "CI_JOB_URL": "https://gitlab.acme.com/acme/web/shop/-/jobs/4711",
    "GITLAB_USER_LOGIN": "ann",
    "GITLAB_USER_NAME": "Ann Archer",
    "CI_COMMIT_SHA": COMMIT,
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.acme.com/",
    "BUILD_URL": "https://jenkins.acme.com/job/shop/job/main/17/",
    "BUILD_NUMBER": "17",
    "JOB_NAME": "shop/main",
    "BUILD_USER_ID": "ann",
    "BUILD_USER": "Ann Archer",
    "GIT_COMMIT": COMMIT,
    "GIT_BRANCH": "origin/main",
    "GIT_URL": "git@github.com:acme/shop.git",
}
CIRCLECI = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_PROJECT_USERNAME": "acme",
    "CIRCLE_PROJECT_REPONAME": "shop",
    "CIRCLE_JOB": "deploy",
    "CIRCLE_BUILD_NUM": "17",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/17",
    "CIRCLE_USERNAME": "ann",
    "CIRCLE_SHA1": COMMIT,
    "CIRCLE_BRANCH": "main",
    "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
}
AZURE = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECT": "Web Shop",
    "BUILD_BUILDID": "4821",
    "BUILD_BUILDNUMBER": "20260930.1",
    "BUILD_DEFINITIONNAME": "Deploy",
    "BUILD_REQUESTEDFOR": "Ann Archer",
    "BUILD_SOURCEVERSION": COMMIT,
    "BUILD_SOURCEBRANCH": "refs/heads/feature/login",
    "BUILD_SOURCEBRANCHNAME": "login",
    "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/Web%20Shop/_git/shop",
}
BITBUCKET = {
    "CI": "true",
    "BITBUCKET_BUILD_NUMBER": "17",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/shop",
    "BITBUCKET_STEP_TRIGGERER_UUID": "{16a3d5b1-0f0c-4b8c-8ae9-1a1f3a1e4c0e}",
    "BITBUCKET_COMMIT": COMMIT,
    "BITBUCKET_BRANCH": "main",
}
BUILDKITE = {
    "CI": "true",
    "BUILDKITE": "true",
    "BUILDKITE_ORGANIZATION_SLUG": "acme",
    "BUILDKITE_PIPELINE_SLUG": "shop",
    "BUILDKITE_BUILD_NUMBER": "17",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/17",
    "BUILDKITE_JOB_ID": "e44f9784-e20e-4b93-a21d-f41fd5869db9",
    "BUILDKITE_BUILD_CREATOR": "Ann Archer",
    "BUILDKITE_COMMIT": COMMIT,
    "BUILDKITE_BRANCH": "main",
    "BUILDKITE_TAG": "",
    "BUILDKITE_REPO": "git@github.com:acme/shop.git",
}
PULUMI = {
    "PULUMI_CI_SYSTEM": "Pulumi Deployments",
    "PULUMI_CI_BUILD_ID": "6f3f2f3c-2f0c-4b8c-8ae9-1a1f3a1e4c0e",
    "PULUMI_CI_BUILD_NUMBER": "17",
    "PULUMI_CI_BUILD_URL": "https://app.pulumi.com/acme/shop/prod/deployments/17",
    "PULUMI_CI_ORGANIZATION": "acme",
    "PULUMI_CI_PROJECT": "shop",
    "PULUMI_CI_STACK": "prod",
    "PULUMI_CI_OPERATION": "update",
    "GITHUB_TOKEN": "s3cret",
}

JOBS = [
    (
        GITHUB,
        Job(
            url="https://github.com/acme/shop/actions/runs/11873261098",
            triggered_by="ann",
            name="GitHub Actions: acme/shop, Deploy, run 17",
            commit=COMMIT,
            branch="feature/login",
            repository="github.com/acme/shop",
        ),
    ),
    (
        GITLAB,
        Job(
            url="https://gitlab.acme.com/acme/web/shop/-/jobs/4711",
            triggered_by="ann",
            name="GitLab CI: acme/web/shop, deploy:prod, job 4711",
            commit=COMMIT,
            branch="main",
            repository="gitlab.acme.com/acme/web/shop",
        ),
    ),
    (
        JENKINS,
        Job(
            url="https://jenkins.acme.com/job/shop/job/main/17/",
            triggered_by="ann",
            name="Jenkins: shop/main, build 17",
            commit=COMMIT,
            branch="main",
            repository="github.com/acme/shop",
        ),
    ),
    (
        CIRCLECI,
        Job(
            url="https://circleci.com/gh/acme/shop/17",
            triggered_by="ann",
            name="CircleCI: acme/shop, deploy, job 17",
            commit=COMMIT,
            branch="main",
            repository="github.com/acme/shop",
        ),
    ),
    (
        AZURE,
        Job(
            url="https://dev.azure.com/acme/Web%20Shop/_build/results?buildId=4821",
            triggered_by="Ann Archer",
            name="Azure Pipelines: Web Shop, Deploy, run 20260930.1",
            commit=COMMIT,
            branch="feature/login",
            repository="dev.azure.com/acme/Web%20Shop/_git/shop",
        ),
    ),
    (
        BITBUCKET,
        Job(
            url="https://bitbucket.org/acme/shop/pipelines/results/17",
            triggered_by="{16a3d5b1-0f0c-4b8c-8ae9-1a1f3a1e4c0e}",
            name="Bitbucket Pipelines: acme/shop, build 17",
            commit=COMMIT,
            branch="main",
            repository="bitbucket.org/acme/shop",
        ),
    ),
    (
        BUILDKITE,
        Job(
            url="https://buildkite.com/acme/shop/builds/17#e44f9784-e20e-4b93-a21d-f41fd5869db9",
            triggered_by="Ann Archer",
            name="Buildkite: acme/shop, build 17",
            commit=COMMIT,
            branch="main",
            repository="github.com/acme/shop",
        ),
    ),
    (
        PULUMI,
        Job(
            url="https://app.pulumi.com/acme/shop/prod/deployments/17",
            triggered_by=None,
            name="Pulumi Deployments: acme/shop/prod, deployment 17",
            commit=None,
            branch=None,
            repository=None,
        ),
    ),
]


@pytest.mark.parametrize(("environ", "found"), JOBS, ids=[found.name.partition(":")[0] for _, found in JOBS])
def test_each_ci_system_tells_its_job(environ: dict[str, str], found: Job) -> None:
    """All eight: the job's page, who triggered it, which one it is, and what it builds."""
    assert job(environ) == found


def test_each_system_of_the_table_has_a_case() -> None:
    """A system that is added needs a realistic environment above."""
    assert len(SYSTEMS) == len(JOBS)


@pytest.mark.parametrize("environ", [{}, {"CI": "true"}, {"GITHUB_ACTIONS": ""}, {"GITLAB_CI": "false"}])
def test_a_person_at_a_terminal_is_no_job(environ: dict[str, str]) -> None:
    """`CI` alone names no system, and a blank marker or "false" is none."""
    assert job(environ) is None


@pytest.mark.parametrize(
    "marker", [{system.marker: "true"} for system in SYSTEMS], ids=lambda marker: next(iter(marker))
)
def test_what_is_not_set_is_left_out(marker: dict[str, str]) -> None:
    """With nothing but its marker, a job has its system's name and no half-filled text."""
    found = job(marker)
    assert found is not None
    assert (found.url, found.triggered_by, found.commit, found.branch, found.repository) == (None,) * 5
    assert "{" not in found.name
    assert ": build" not in found.name or "BITBUCKET_BUILD_NUMBER" in marker


@pytest.mark.parametrize(
    ("environ", "changed", "field", "value"),
    [
        (GITHUB, {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "feature/login"}, "branch", "feature/login"),
        (GITHUB, {"GITHUB_REF": "refs/tags/v2.4.2"}, "branch", None),
        (GITHUB, {"GITHUB_TRIGGERING_ACTOR": ""}, "triggered_by", "dependabot[bot]"),
        (GITLAB, {"CI_COMMIT_BRANCH": "", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "login"}, "branch", "login"),
        (GITLAB, {"CI_COMMIT_BRANCH": "", "CI_COMMIT_REF_NAME": "v2.4.2"}, "branch", None),
        (GITLAB, {"CI_PROJECT_URL": ""}, "repository", "gitlab.acme.com/acme/web/shop"),
        (JENKINS, {"BRANCH_NAME": "PR-7", "CHANGE_BRANCH": "feature/login"}, "branch", "feature/login"),
        (JENKINS, {"BRANCH_NAME": "v2.4.2", "TAG_NAME": "v2.4.2"}, "branch", None),
        (JENKINS, {"GIT_BRANCH": "refs/remotes/origin/main"}, "branch", "main"),
        (JENKINS, {"BUILD_USER_ID": " "}, "triggered_by", "Ann Archer"),
        (CIRCLECI, {"CIRCLE_PROJECT_REPONAME": ""}, "name", "CircleCI: deploy, job 17"),
        (AZURE, {"SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/login"}, "branch", "login"),
        (AZURE, {"BUILD_SOURCEBRANCH": "refs/pull/7/merge"}, "branch", None),
        (AZURE, {"BUILD_SOURCEVERSION": "C4711"}, "commit", None),
        (BUILDKITE, {"BUILDKITE_TAG": "v2.4.2", "BUILDKITE_BRANCH": "v2.4.2"}, "branch", None),
        (BUILDKITE, {"BUILDKITE_UNBLOCKER": "Carol Danvers"}, "triggered_by", "Carol Danvers"),
        (BUILDKITE, {"BUILDKITE_COMMIT": "HEAD"}, "commit", None),
        (BUILDKITE, {"BUILDKITE_JOB_ID": ""}, "url", "https://buildkite.com/acme/shop/builds/17"),
        (PULUMI, {"PULUMI_CI_SYSTEM": "Drone", "PULUMI_CI_STACK": ""}, "name", "Drone: build 17"),
    ],
)
def test_pull_requests_tags_and_fallbacks(
    environ: dict[str, str], changed: dict[str, str], field: str, value: str | None
) -> None:
    """A pull request has the branch that it comes from; a tag is no branch; the next best variable stands in."""
    assert getattr(job({**environ, **changed}), field) == value


@pytest.mark.parametrize(
    ("environ", "changed"),
    [
        (GITLAB, {"CI_JOB_URL": "javascript:alert(1)"}),
        (GITLAB, {"CI_JOB_URL": "java\0script:alert(1)"}),
        (GITLAB, {"CI_JOB_URL": "https://ann:s3cret@gitlab.acme.com/-/jobs/1"}),
        (GITHUB, {"GITHUB_SERVER_URL": "https://x-access-token:s3cret@github.com"}),
        (GITHUB, {"GITHUB_SERVER_URL": "https://s3cret\x9b@github.com"}),  # an escape sequence, with the "@" in it
        (GITHUB, {"GITHUB_SERVER_URL": "https://s3cret?@github.com"}),
        (JENKINS, {"BUILD_URL": "file:///home/ann/build"}),
    ],
)
def test_a_page_that_is_not_safe_is_left_out(environ: dict[str, str], changed: dict[str, str]) -> None:
    """A link to click on at night is http or https, and has no password in it."""
    found = job({**environ, **changed})
    assert found is not None
    assert found.url is None
    assert "s3cret" not in str(found)


def test_a_page_has_only_the_query_of_its_template() -> None:
    """What follows the server's address there may be a token, and a project's name cannot add to the query."""
    hostile = {"SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/?token=s3cret", "SYSTEM_TEAMPROJECT": "a?b#c&d"}
    found = job({**AZURE, **hostile})
    assert found is not None
    assert found.url == "https://dev.azure.com/acme/a%3Fb%23c%26d/_build/results?buildId=4821"


@pytest.mark.parametrize(("environ", "expected"), JOBS, ids=[found.name.partition(":")[0] for _, found in JOBS])
@given(text=st.text())
def test_whatever_the_variables_hold_the_job_can_be_shown(environ: dict[str, str], expected: Job, text: str) -> None:
    """One line each, without control characters, and short."""
    for variable in environ:
        found = job({**environ, variable: text})
        for value in () if found is None else filter(None, vars(found).values()):
            assert value == " ".join(value.split())
            assert "\x1b" not in value
            assert len(value) <= (LONGEST_ADDRESS if value == found.url else LONGEST_VALUE)  # type: ignore[union-attr]
    assert job(environ) == expected


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://github.com/acme/shop.git", "github.com/acme/shop"),
        ("https://ann:s3cret@github.com/acme/shop.git", "github.com/acme/shop"),
        ("https://x-access-token:ghs_s3cret@github.com/acme/shop", "github.com/acme/shop"),
        ("https://s3cret@github.com/acme/shop/", "github.com/acme/shop"),
        ("https://a:s3cret@c@github.com/acme/shop", "github.com/acme/shop"),
        ("https://github.com/acme/shop?access_token=s3cret#s3cret", "github.com/acme/shop"),
        ("HTTPS://GitHub.com//acme//shop.git", "github.com/acme/shop"),
        ("git@github.com:acme/shop.git", "github.com/acme/shop"),
        ("github.com:acme/shop", "github.com/acme/shop"),
        ("git@bitbucket.acme.com:~ann/shop.git", "bitbucket.acme.com/~ann/shop"),
        ("git@[2001:db8::1]:acme/shop.git", "[2001:db8::1]/acme/shop"),
        ("ssh://git@github.com:22/acme/shop", "github.com/acme/shop"),
        ("ssh://git@git.acme.com:7999/web/shop.git", "git.acme.com/web/shop"),
        ("git+ssh://git@git.acme.com/web/shop.git", "git.acme.com/web/shop"),
        ("git://git.acme.com/shop.git", "git.acme.com/shop"),
        ("https://git.acme.com:8443/web/shop", "git.acme.com:8443/web/shop"),
        ("https://git.acme.com:443/web/shop", "git.acme.com/web/shop"),
        ("http://[2001:db8::1]:8080/web/shop.git", "[2001:db8::1]:8080/web/shop"),
        ("http://[::1]/shop", "[::1]/shop"),
        (" https://github.com/acme/shop\n", "github.com/acme/shop"),
    ],
)
def test_every_way_to_clone_a_repository_gives_one_form(url: str, found: str) -> None:
    """Host and path, without user info, scheme, query, fragment and `.git`."""
    assert repository(url) == found


@pytest.mark.parametrize(
    "url",
    [
        *("", " ", "shop", "https://", "https://github.com", "https://github.com/", "git@github.com:", "::"),
        *("/home/ann/shop.git", "../shop", "./shop:old", "~/shop", "file:///home/ann/shop.git"),
        *("C:\\Users\\ann\\shop", "C:/Users/ann/shop", "\\\\server\\shop", "https://github.com\\@evil.com/acme/shop"),
        *("javascript:alert(1)", "ext::sh -c whoami", "codecommit::eu-west-1://shop", "ftp://git.acme.com/shop"),
        *("https://git.acme.com:99999/shop", "https://git.acme.com:port/shop", "https://[::1/shop", "http://[x]/shop"),
        *("https://git hub.com/acme/shop", "https://github.com/acme\n/shop", "https://github.com/acme/shop\x1b[31m"),
        *("https://ann:12/s3cret@github.com/acme/shop", "https://ann:12?s3cret@github.com/acme/shop"),
        *("ann:s3cret@github.com:acme/shop", "https://github.com/acme/shop;token=s3cret", "https://[fe80::1%25a]/shop"),
        "https://github.com/" + "a" * 300,
    ],
)
def test_what_is_no_address_of_a_repository_gives_none(url: str) -> None:
    """Folders among them: on another machine they mean nothing, and they may name a person's home."""
    assert repository(url) is None


HOSTS = st.sampled_from(["github.com", "git.acme.com:8443", "localhost", "10.0.0.7", "[2001:db8::1]", "[::1]:8080"])
PATHS = st.sampled_from(["", "/", "/acme/shop", "/acme/shop.git", "/~ann/shop/"])
SCHEMES = st.sampled_from(["https", "http", "ssh", "git", "git+ssh", "HTTPS"])
# With anything around it that could end the part of the address that it stands in.
AROUND = st.text(alphabet=st.sampled_from("abz019/?#@:;=&%\\[]. \n~é\x1b\x9b"), max_size=6) | st.text(max_size=6)
SECRETS = st.builds("{}s3cret{}".format, AROUND, AROUND)
FORMS = st.sampled_from(
    [
        *(
            "{scheme}://{secret}@{host}{path}",
            "{scheme}://ann:{secret}@{host}{path}",
            "{scheme}://{secret}:@{host}{path}",
        ),
        *("{scheme}://a:{secret}@c@{host}{path}", "{scheme}://{host}{path}?access_token={secret}"),
        *("{scheme}://ann@{host}{path}?a=b&c={secret}#d", "{scheme}://{host}{path}#{secret}"),
        *(
            "{secret}@{host}:{path}",
            "ann:{secret}@{host}:{path}",
            "{host}:{path}?token={secret}",
            "{host}:{path}#{secret}",
        ),
    ]
)


@given(form=FORMS, scheme=SCHEMES, host=HOSTS, path=PATHS, secret=SECRETS)
def test_a_secret_in_an_address_never_gets_out(form: str, scheme: str, host: str, path: str, secret: str) -> None:
    """Neither as user info nor as password, query or fragment, wherever its characters make those end."""
    url = form.format(scheme=scheme, host=host, path=path, secret=secret)
    assert "s3cret" not in (repository(url) or "")
    if "?" not in form and "#" not in form:
        assert "s3cret" not in (safe_url(url) or "")
    for environ, variable in ((GITLAB, "CI_PROJECT_URL"), (BUILDKITE, "BUILDKITE_REPO"), (GITHUB, "GITHUB_SERVER_URL")):
        assert "s3cret" not in str(job({**environ, variable: url, "CI_REPOSITORY_URL": url}))


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/shop/actions/runs/17",
        "http://jenkins:8080/job/shop/17/",
        "https://dev.azure.com/acme/Web%20Shop/_build/results?buildId=4821",
        "https://buildkite.com/acme/shop/builds/17#e44f9784",
        "https://[2001:db8::1]:8443/a",
    ],
)
def test_a_safe_page_stays_as_it_is(url: str) -> None:
    """With its query and fragment, which lead to the right place in the page."""
    assert safe_url(url) == url
    assert safe_url(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "github.com/acme", "//github.com/acme", "https:github.com", "https:///acme", "ftp://github.com/acme"),
        *("javascript:alert(1)", "JavaScript://github.com/%0aalert(1)", "data:text/html,x", "file:///etc/passwd"),
        *(
            "https://ann@github.com/",
            "https://:@github.com/",
            "https://github.com\\@evil.com/",
            "https://github.com:x/",
        ),
        *("https://s3cret?@github.com/", "https://ann:12/s3cret@github.com/"),
        *("https://github.com/a b", "https://github.com/\x1b[31m", "https://github.com/\u202egro", "https://a..b/"),
        *("https://[::1/", "https://ann%40github.com/", "https://github.com/" + "a" * LONGEST_ADDRESS),
    ],
)
def test_a_page_that_is_no_safe_address_gives_none(url: str) -> None:
    """Other schemes, user info, no host, and what different programs read in different ways."""
    assert safe_url(url) is None


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    """Nothing raises, and what comes out is taken again as it is."""
    page = safe_url(text)
    assert page is None or safe_url(page) == page
    found = repository(text)
    assert found is None or repository(f"https://{found}") == found
