"""What follows `--`: options of `pulumi up`, `preview`, `destroy` and `refresh`, read as the engine reads them. No I/O.

What the engine knows is for the engine to say. Here is only what must be known to read a command line (which options
take a value), what the runner has to do itself, and what is of one of the two commands that a release consists of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...dataclass import dataclass
from ...errors import WrongUseError

VALUED = {
    "client": "",
    "color": "",
    "config": "c",
    "config-file": "",
    "cwd": "C",
    "event-log": "",
    "exclude": "x",
    "exec-agent": "",
    "exec-kind": "",
    "import-file": "",
    "import-pending-creates": "",
    "memprofilerate": "",
    "message": "m",
    "otel-traces": "",
    "output": "",
    "override-env": "",
    "parallel": "p",
    "plan": "",
    "policy-pack": "",
    "policy-pack-config": "",
    "profiling": "",
    "replace": "",
    "save-plan": "",
    "secrets-provider": "",
    "stack": "s",
    "target": "t",
    "target-replace": "",
    "tracing": "",
    "verbose": "v",
}
"""The options that always have a value, with their letters."""

SWITCHES = {
    "attach-debugger": "",
    "clear-pending-creates": "",
    "config-path": "",
    "continue-on-error": "",
    "debug": "d",
    "diff": "",
    "disable-integrity-checking": "",
    "emoji": "e",
    "exclude-dependents": "",
    "exclude-protected": "",
    "expect-no-changes": "",
    "fully-qualify-stack-names": "Q",
    "help": "h",
    "ignore-protect": "",
    "json": "j",
    "logflow": "",
    "logtostderr": "",
    "neo": "",
    "non-interactive": "",
    "preview-only": "",
    "refresh": "r",
    "remove": "",
    "run-program": "",
    "show-config": "",
    "show-full-output": "",
    "show-policy-exceptions": "",
    "show-policy-remediations": "",
    "show-reads": "",
    "show-replacement-steps": "",
    "show-sames": "",
    "show-secrets": "",
    "skip-config-validation": "",
    "skip-pending-creates": "",
    "skip-plugin-pre-install": "",
    "skip-preview": "f",
    "strict": "",
    "suppress-outputs": "",
    "suppress-permalink": "",
    "suppress-progress": "",
    "target-dependents": "",
    "urns": "",
    "yes": "y",
}
"""The options that have a value only where it follows `=`, with their letters."""

LETTERS = {letter: name for name, letter in (VALUED | SWITCHES).items() if letter}

UPDATE_ALONE = frozenset({"continue-on-error", "plan"})
"""What `pulumi up` has and `pulumi preview` has not."""
PREVIEW_ALONE = frozenset({"save-plan", "import-file"})
"""What `pulumi preview` has and `pulumi up` has not."""
NOT_PREVIEWED = frozenset({"remove"})
"""What a preview must not do."""
SHOWN_ALONE = frozenset({"diff"})
"""What changes only how a plan is shown; what an update itself prints is not shown."""

_INTERNAL = "is internal to Pulumi; omit it"
REFUSED = {
    "attach-debugger": "is not supported, since nothing would show where to attach; use `pulumi {}`",
    "client": _INTERNAL,
    "color": "must come before `--`: bigpanda-release {} --color WHEN",
    "config-file": "is not supported, since settings are read from the stack's own file; pass `--config KEY=VALUE`, "
    "or set config in release.yaml",
    "cwd": "must come before `--`: bigpanda-release {} -C DIR",
    "event-log": _INTERNAL,
    "exec-agent": _INTERNAL,
    "exec-kind": _INTERNAL,
    "help": "must come before `--`; for the engine's options run `pulumi {} --help`",
    "json": "must come before `--`: bigpanda-release {} --json",
    "non-interactive": "is always set; omit it",
    "output": "must come before `--`, as --json: bigpanda-release {} --json",
    "preview-only": "is not supported; run `pulumi {} --preview-only`",
    "secrets-provider": "is only for new stacks; run `pulumi stack change-secrets-provider` first",
    "show-secrets": "is not supported, since secrets are never shown; run `pulumi stack output --show-secrets`",
    "skip-preview": "is not supported, since the preview decides which events to send; to skip only the question, "
    "pass --yes before `--`",
    "stack": "must come before `--`: bigpanda-release {} -s STACK",
    "strict": "is not supported, since preview and update run separately; save a plan with `bigpanda-release preview` "
    "and `-- --save-plan FILE`, then pass `-- --plan FILE`",
    "yes": "must come before `--`: bigpanda-release {} --yes",
}
"""What does not go to the engine, and what to do instead."""
BOOLEANS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
"""What the engine takes as true or false."""
_OF_PREVIEW = "is an option of previews; run `bigpanda-release preview`"


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: its long name; of one that is not known here, as it was written.
        value: its value; None where it has none, or where it is not known here.
        tokens: what the engine gets.
    """

    name: str
    value: str | None
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class EngineOptions:
    """Options for the engine.

    Attributes:
        options: all of them, in order.
    """

    options: tuple[Option, ...] = ()

    @classmethod
    def of(cls, tokens: Sequence[str]) -> EngineOptions:
        """Read them.

        Raises:
            WrongUseError: they are not options. The sentence repeats no value, since it may be secret.
        """
        return cls(tuple(_read(tokens)))

    def check(self, command: str) -> None:
        """Refuse those that are not for the engine.

        Args:
            command: the runner's.

        Raises:
            WrongUseError: there is one.
        """
        for option in self.options:
            sentence = REFUSED.get(option.name)
            if sentence is None and option.name in PREVIEW_ALONE and command != "preview":
                sentence = _OF_PREVIEW
            if sentence is None and option.name == "refresh" and (option.value or "true") not in BOOLEANS:
                sentence = "takes true or false; pass --refresh or --refresh=false"  # its parser takes any text
            if sentence is not None:
                raise WrongUseError(f"--{option.name} {sentence.format(command)}")

    @property
    def message(self) -> str | None:
        """What the stack's history is to say of the update."""
        return next((one.value for one in reversed(self.options) if one.name == "message"), None) or None

    @property
    def diff(self) -> bool:
        """Whether the plan is to be shown in full."""
        found = [one.value for one in self.options if one.name == "diff"]
        return bool(found) and (found[-1] or "true").lower() in ("1", "t", "true")

    @property
    def config(self) -> dict[str, str]:
        """Config values, by key; none where keys are paths."""
        if any(one.name == "config-path" for one in self.options):
            return {}
        pairs = [(one.value or "").partition("=") for one in self.options if one.name == "config"]
        return {key: value for key, equals, value in pairs if equals}

    def preview(self, command: str) -> tuple[str, ...]:
        """What the engine's preview of one of its commands gets."""
        return self._without(NOT_PREVIEWED | (UPDATE_ALONE if command == "up" else frozenset()), command)

    def update(self, command: str) -> tuple[str, ...]:
        """What the engine's command itself gets."""
        return self._without(SHOWN_ALONE | PREVIEW_ALONE | {"message"}, command)

    def _without(self, names: frozenset[str], command: str) -> tuple[str, ...]:
        if command == "refresh":  # a release.yaml may set it for updates of its stacks
            names |= {"refresh"}
        return tuple(token for one in self.options if one.name not in names for token in one.tokens)


def is_known(name: str) -> bool:
    """Whether the engine has this option, as it is written: `--replace`, `-m`."""
    return name.removeprefix("--") in VALUED | SWITCHES or name.removeprefix("-") in LETTERS


def by_name(
    targets: Sequence[str] | None = None, *, refresh: bool = False, diff: bool = False, parallel: int | None = None
) -> tuple[str, ...]:
    """The tokens of the options that the runner has by name, too."""
    return (
        *(f"--target={urn}" for urn in targets or ()),
        *(["--refresh"] if refresh else []),
        *(["--diff"] if diff else []),
        *([f"--parallel={parallel}"] if parallel is not None else []),
    )


def _read(tokens: Sequence[str]) -> Iterator[Option]:
    """The options, long and with `=` where they are known, so that commands with other letters take them, too."""
    left = list(tokens)
    while left:
        argument = left.pop(0)
        if argument.startswith("--") and argument != "--":
            yield _long(argument[2:], left)
        elif argument.startswith("-") and argument != "-" and argument != "--":
            yield from _letters(argument[1:], left)
        else:
            number = len(tokens) - len(left)
            raise WrongUseError(
                f"argument {number} after `--` is not an option; only options for Pulumi can follow `--`, "
                "each with its value: --target URN"
            )


def _long(text: str, left: list[str]) -> Option:
    name, equals, value = text.partition("=")
    if name in VALUED and not equals:
        value = _next(f"--{name}", left)
    if name in VALUED:
        return Option(name, value, (f"--{name}={value}",))
    if name in SWITCHES:
        return Option(name, value if equals else None, (f"--{text}",))
    return Option(name, None, (f"--{text}", *([] if equals else _perhaps_value(left))))


def _letters(text: str, left: list[str]) -> Iterator[Option]:
    """One or several options by letter; the last one may have a value, after `=`, at once, or as the next argument."""
    while text:
        letter, text = text[0], text[1:]
        name = LETTERS.get(letter)
        if name is None:  # what follows it is for the engine to read
            yield Option(letter, None, (f"-{letter}{text}", *([] if text else _perhaps_value(left))))
            return
        if text.startswith("="):
            yield Option(name, text[1:], (f"--{name}={text[1:]}",))
            return
        if name in VALUED:
            value = text or _next(f"-{letter}", left)
            yield Option(name, value, (f"--{name}={value}",))
            return
        yield Option(name, None, (f"--{name}",))


def _next(name: str, left: list[str]) -> str:
    """The next argument, which is the value of an option whatever it begins with."""
    if not left:
        raise WrongUseError(f"{name} needs a value after it")
    return left.pop(0)


def _perhaps_value(left: list[str]) -> list[str]:
    """What may be the value of an option that is not known here."""
    return [left.pop(0)] if left and not left[0].startswith("-") else []
