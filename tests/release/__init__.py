"""The release runner, as it is typed: real updates of real stacks."""
