"""The provider plugin: Deployment and Completion for programs in every language of Pulumi.

A process of its own, `pulumi-resource-bigpanda`. It is a second front of what `provider/` does: that is the lifecycle,
this is Pulumi's protocol.
"""
