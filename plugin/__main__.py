"""Runs the plugin from this folder; `bigpanda-provider` is installed in its virtual environment."""

from bigpanda_provider.plugin.__main__ import main

main()
