"""The settings: where each is found, and what is refused with which sentence."""

from __future__ import annotations

import pathlib
import pickle
from typing import Any

import pytest

from bigpanda_provider.errors import SettingError
from bigpanda_provider.settings import Settings, Source, Token, complaints, environment_name, unknown_keys


def test_precedence_is_option_argument_config_environment_default() -> None:
    """The first place that has a value wins, and the setting knows which it was."""
    explicit = {"timeoutSeconds": 1}
    arguments = {"timeoutSeconds": "1.5"}
    config = {"bigpanda:timeoutSeconds": "2"}
    environ = {"BIGPANDA_TIMEOUT_SECONDS": "3"}
    found = [
        Settings.resolve(config, environ, explicit, arguments=arguments).timeout_seconds,
        Settings.resolve(config, environ, arguments=arguments).timeout_seconds,
        Settings.resolve(config, environ).timeout_seconds,
        Settings.resolve({}, environ).timeout_seconds,
        Settings.resolve({}, {}).timeout_seconds,
    ]
    assert [setting.value for setting in found] == [1, 1.5, 2, 3, 10]
    assert [setting.source for setting in found] == list(Source)
    assert str(found[1]) == "timeoutSeconds (provider argument)"
    assert str(found[3]) == "BIGPANDA_TIMEOUT_SECONDS (environment)"


@pytest.mark.parametrize(
    ("explicit", "sentence"),
    [
        ({"apiToken": ""}, "--token-file is blank; set the token, or remove the setting"),
        ({"appKey": "a b"}, "--app-key-file contains a line break, a space or another character that no app key has"),
        ({"api": "x"}, "--api is not a BigPanda API; write one of: deployments, changes"),
        ({"delivery": "x"}, "--delivery is not a delivery mode; write one of: bestEffort, required, off"),
    ],
)
def test_an_option_is_called_as_it_is_written(explicit: dict[str, str], sentence: str) -> None:
    """Not by the setting's key."""
    with pytest.raises(SettingError) as told:
        Settings.resolve({}, {}, explicit)
    assert str(told.value).startswith(sentence)
    assert str(Settings.resolve({}, {}, {"api": "changes"}).api) == "--api"


def test_defaults() -> None:
    """Without any setting there is no token, and the address is the American one."""
    settings = Settings.resolve({}, {})
    assert settings.token.value is None
    assert settings.base_url.value == "https://api.bigpanda.io"


def test_region_names_the_address_unless_one_is_given() -> None:
    """Europe has its own address; an explicit address wins over any region."""
    assert Settings.resolve({"bigpanda:region": "eu"}, {}).base_url.value == "https://eu-api.bigpanda.io"
    both = {"bigpanda:region": "eu", "bigpanda:baseUrl": "https://proxy.acme.com"}
    assert Settings.resolve(both, {}).base_url.value == "https://proxy.acme.com"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://api.bigpanda.io/", "https://api.bigpanda.io"),
        ("https://api.bigpanda.io//", "https://api.bigpanda.io"),
        ("https://proxy.acme.com/bigpanda/v1/", "https://proxy.acme.com/bigpanda/v1"),
        (" https://proxy.acme.com:8443 ", "https://proxy.acme.com:8443"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_address_is_normalised(given: str, address: str) -> None:
    """A slash at the end or a path prefix makes no `//data`."""
    assert Settings.resolve({"bigpanda:baseUrl": given}, {}).base_url.value == address


REFUSED = [
    ("baseUrl", "api.bigpanda.io", "has no scheme; write it as https://api.bigpanda.io"),
    ("baseUrl", "localhost:8080", "has no scheme; write it as https"),
    ("baseUrl", "ftp://api.bigpanda.io", "has the scheme ftp; write https://"),
    ("baseUrl", "http://api.bigpanda.io", "uses http to another machine"),
    ("baseUrl", "http://localhost.acme.com", "uses http to another machine"),
    ("baseUrl", "https://me:s3cret@api.bigpanda.io", "contains a user name or password; remove them"),
    ("baseUrl", "https://", "has no host; write it as"),
    ("baseUrl", "https://api.bigpanda.io?token=s3cret", "contains a query or a fragment; write only"),
    ("baseUrl", "https://api.bigpanda.io:99999", "has an invalid port; write a number from 0 to 65535"),
    ("baseUrl", "https://api.big panda.io", "contains white space or a control character; write it as"),
    ("baseUrl", " ", "is blank; write it as https://api.bigpanda.io"),
    (
        "apiToken",
        "s3cret\n",
        "contains a line break, a space or another character that no token has; copy the token again",
    ),
    ("apiToken", "s3 cret", "contains a line break, a space or another character"),
    ("apiToken", "s3crét", "contains a line break, a space or another character"),
    ("apiToken", "  ", "is blank; set the token, or remove the setting"),
    ("apiToken", 5, "is not text; set the token with `pulumi config set --secret bigpanda:apiToken`"),
    ("clientCertificate", " ", "is blank; write the path of a PEM file with certificate and private key, or two paths"),
    ("clientCertificate", 5, "is not text; write the path"),
    ("clientCertificate", "a.pem,b.pem,c.pem", "names more than two files; write the path"),
    ("clientCertificate", "a.pem,", "names an empty path; write the path"),
    ("clientCertificate", "a\n.pem", "contains a control character; write the path"),
    ("clientCertificate", "~nobody-there/a.pem", "starts with ~, but there is no such home folder; write the full"),
    ("clientCertificate", "-----BEGIN PRIVATE KEY-----\ns3cret", "contains the certificate or the key itself; write"),
    ("region", "asia", "is not a BigPanda region; write one of: us, eu"),
    ("timeoutSeconds", "soon", "is not a number of seconds from 1 to 300; write it as 10"),
    ("timeoutSeconds", "0", "is not a number of seconds from 1 to 300; write it as 10"),
    ("timeoutSeconds", "nan", "is not a number of seconds from 1 to 300; write it as 10"),
    ("timeoutSeconds", "inf", "is not a number of seconds from 1 to 300; write it as 10"),
    ("timeoutSeconds", True, "is not a number of seconds from 1 to 300; write it as 10"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), REFUSED)
def test_a_wrong_setting_gets_a_sentence_that_does_not_repeat_it(key: str, value: Any, sentence: str) -> None:
    """The sentence names the setting, where it was found, and what to write; secrets stay out of it."""
    with pytest.raises(SettingError) as caught:
        Settings.resolve({f"bigpanda:{key}": value}, {})
    assert str(caught.value).startswith(f"bigpanda:{key} (stack config) {sentence}")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ("both.pem", "/project/both.pem"),
        ("cert.pem,key.pem", ("/project/cert.pem", "/project/key.pem")),
        (" /certs/a b.pem , ../key.pem ", ("/certs/a b.pem", "/project/../key.pem")),
        ("~/cert.pem", "/home/me/cert.pem"),
    ],
)
def test_a_client_certificate_is_one_file_or_two(
    monkeypatch: pytest.MonkeyPatch, given: str, files: str | tuple[str, str]
) -> None:
    """Relative paths count from the given folder, and `~` is the user's own."""
    monkeypatch.setenv("HOME", "/home/me")
    environ = {"BIGPANDA_CLIENT_CERTIFICATE": given}
    found = Settings.resolve({}, environ, folder=pathlib.Path("/project")).client_certificate
    assert found.value is not None
    assert found.value.files == files
    assert str(found) == "BIGPANDA_CLIENT_CERTIFICATE (environment)"


def test_an_empty_variable_is_not_set() -> None:
    """`BIGPANDA_API_TOKEN=` in a CI file means that there is none."""
    assert Settings.resolve({}, {"BIGPANDA_API_TOKEN": "", "BIGPANDA_REGION": ""}).token.value is None


def test_the_token_shows_itself_to_nobody() -> None:
    """Neither repr nor str nor a pickle holds it."""
    settings = Settings.resolve({"bigpanda:apiToken": "s3cret"}, {})
    assert settings.token.value is not None
    assert settings.token.value.reveal() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings.token} {settings.token.value!s}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(settings.token.value)
    assert settings.token.value == Token("s3cret")


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    """A typing error under `bigpanda:` is told; other namespaces are not ours."""
    config = ["bigpanda:apitoken", "bigpanda:baseURL", "bigpanda:colour", "aws:region", "bigpanda:region"]
    found = dict(unknown_keys(config))
    assert found == {
        "bigpanda:apitoken": "bigpanda:apiToken",
        "bigpanda:baseURL": "bigpanda:baseUrl",
        "bigpanda:colour": None,
    }


def test_a_token_in_plain_text_is_told_with_the_command_that_mends_it() -> None:
    """One that was set with --secret is not."""
    config = ["bigpanda:apiToken", "bigpanda:baseURL"]
    told = complaints(config, lambda key: False)
    assert told == [
        "bigpanda:apiToken is stored in plain text; fix it with `pulumi config set --secret bigpanda:apiToken`",
        "unknown setting bigpanda:baseURL; did you mean bigpanda:baseUrl?",
    ]
    assert len(complaints(config, lambda key: True)) == 1


def test_names_of_variables() -> None:
    """A variable's name follows from the key's."""
    assert environment_name("apiToken") == "BIGPANDA_API_TOKEN"
    assert environment_name("region") == "BIGPANDA_REGION"
