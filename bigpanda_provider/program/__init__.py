"""The user's program: a run, what it declares, its scopes, and what the last checkpoint says of it."""
