"""Runs the plugin from its folder, for `pulumi package add`; `bigpanda-provider` is installed in this Python."""

from bigpanda_provider.plugin.__main__ import main

main()
