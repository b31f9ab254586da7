"""Assets and archives: text, files, folders, and archives put together."""

import pulumi

from tests.things import Thing

RUNS_AGAIN = False
"""The SDK's dynamic providers cannot read back an asset of theirs."""

Thing("text", pulumi.StringAsset("hello"))
Thing("file", pulumi.FileAsset("Pulumi.yaml"))
Thing("together", pulumi.AssetArchive({"a": pulumi.StringAsset("a"), "b/c": pulumi.FileAsset("Pulumi.yaml")}))
Thing("in-a-map", {"assets": [pulumi.StringAsset("x")]})
