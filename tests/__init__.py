"""The tests: unit tests first, then real `pulumi` commands on the real engine against the sandbox."""
