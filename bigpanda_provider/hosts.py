"""Which input of which resource type is a host's name, and which hosts some resources are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pulumi import _types

from .errors import DeclarationError

Finder = Callable[[Mapping[str, Any]], "str | Sequence[str] | None"]
F = TypeVar("F", bound=Finder)

TABLE: dict[str, tuple[str, ...]] = {
    "aws:autoscaling/group:Group": ("name",),
    "aws:ec2/instance:Instance": ("tags.Name",),
    "aws:ec2/launchConfiguration:LaunchConfiguration": ("name",),
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest": ("tags.Name",),
    "aws:ecs/cluster:Cluster": ("name",),
    "aws:ecs/service:Service": ("name",),
    "aws:ecs/taskDefinition:TaskDefinition": ("family",),
    "aws:eks/cluster:Cluster": ("name",),
    "aws:eks/nodeGroup:NodeGroup": ("node_group_name",),
    "aws:lambda/function:Function": ("name",),
    "aws:lightsail/instance:Instance": ("name",),
    "aws:rds/instance:Instance": ("identifier",),
    "aws:redshift/cluster:Cluster": ("cluster_identifier",),
    "azure-native:app:ContainerApp": ("container_app_name",),
    "azure-native:compute:VirtualMachine": ("vm_name", "os_profile.computer_name"),
    "azure-native:compute:VirtualMachineScaleSet": ("vm_scale_set_name",),
    "azure-native:containerinstance:ContainerGroup": ("container_group_name",),
    "azure-native:containerservice:ManagedCluster": ("resource_name",),
    "azure-native:web:WebApp": ("name",),
    "azure:compute/linuxVirtualMachine:LinuxVirtualMachine": ("name", "computer_name"),
    "azure:compute/linuxVirtualMachineScaleSet:LinuxVirtualMachineScaleSet": ("name", "computer_name_prefix"),
    "azure:compute/virtualMachine:VirtualMachine": ("name", "os_profile.computer_name"),
    "azure:compute/windowsVirtualMachine:WindowsVirtualMachine": ("name", "computer_name"),
    "azure:containerservice/kubernetesCluster:KubernetesCluster": ("name",),
    "azure:hdinsight/sparkCluster:SparkCluster": ("name",),
    "command:remote:Command": ("connection.host",),
    "command:remote:CopyFile": ("connection.host",),
    "command:remote:CopyToRemote": ("connection.host",),
    "digitalocean:index/droplet:Droplet": ("name",),
    "digitalocean:index/kubernetesCluster:KubernetesCluster": ("name",),
    "docker:index/container:Container": ("hostname", "name"),
    "gcp:cloudfunctions/function:Function": ("name",),
    "gcp:cloudrun/service:Service": ("name",),
    "gcp:compute/instance:Instance": ("hostname", "name"),
    "gcp:container/cluster:Cluster": ("name",),
    "gcp:sql/databaseInstance:DatabaseInstance": ("name",),
    "hcloud:index/server:Server": ("name",),
    "kubernetes:apps/v1:DaemonSet": ("metadata.name",),
    "kubernetes:apps/v1:Deployment": ("metadata.name",),
    "kubernetes:apps/v1:StatefulSet": ("metadata.name",),
    "kubernetes:batch/v1:CronJob": ("metadata.name",),
    "kubernetes:batch/v1:Job": ("metadata.name",),
    "kubernetes:core/v1:Pod": ("metadata.name",),
    "kubernetes:core/v1:Service": ("metadata.name",),
    "kubernetes:helm.sh/v3:Release": ("name",),
    "libvirt:index/domain:Domain": ("name",),
    "linode:index/instance:Instance": ("label",),
    "openstack:compute/instance:Instance": ("name",),
    "vsphere:index/virtualMachine:VirtualMachine": ("name",),
}
"""The inputs by resource type, the first that is there counts. Names as the Python SDKs have them."""

_finders: dict[str, Finder] = {}
_TYPE = re.compile(r"[^:\s]+:[^:\s]+:[^:\s]+")
_AZURE_VERSION = re.compile(r"/v\d\w*(?=:)")


def host_name(resource_type: str, *inputs: str) -> Callable[[F], F]:
    """Say where a resource type has its host's name, for a Deployment that finds out its hosts by itself.

        bigpanda.host_name("acme:compute:Server", "hostname")

        @bigpanda.host_name("acme:compute:Cluster")
        def nodes(inputs):
            return [node["name"] for node in inputs["nodes"]]

    Args:
        resource_type: the type as Pulumi shows it: "aws:ec2/instance:Instance".
        inputs: the inputs that may hold the name, the first that does counts; dots go into maps: "tags.Name".
            None where a function is decorated, that takes the resource's inputs and returns a name, several, or None.

    Returns:
        The decorator.

    Raises:
        DeclarationError: that is no resource type.
    """
    if not _TYPE.fullmatch(resource_type):
        raise DeclarationError(
            f"host_name: {resource_type!r} is no resource type; write it as Pulumi shows it: aws:ec2/instance:Instance"
        )
    if inputs:
        TABLE[resource_type] = inputs

    def decorate(finder: F) -> F:
        _finders[resource_type] = finder
        return finder

    return decorate


def names(resource_type: str, name: str, props: Mapping[str, Any]) -> list[str] | None:
    """The hosts that a resource is; None where its type is not known as a host.

    Args:
        resource_type: its type.
        name: its name in the program, which stands for a host's name that is not given or not known yet.
        props: its inputs.

    Raises:
        DeclarationError: a function that `host_name` decorated failed.
    """
    finder, inputs = _finders.get(resource_type), _inputs(resource_type)
    if finder is None and inputs is None:
        return None
    if finder is None:
        found = next((value for path in inputs or () if _usable(value := _at(props, path))), None)
        return [name] if found is None else [found]
    try:
        told = finder(props)
        if isinstance(told, Mapping):
            raise TypeError("a map is neither a name nor a list of names")
        return [host for host in ([told] if isinstance(told, str) else list(told or ())) if _usable(host)] or [name]
    except (Exception, SystemExit) as error:
        raise DeclarationError(f"host_name of {resource_type}: {type(error).__name__} for {name!r}") from error


def named(keys: Iterable[str], names: Mapping[str, Iterable[str]]) -> list[str]:
    """The hosts among resources; where none is known as one, the names of all.

    Args:
        keys: the resources' keys: each one's URN without stack and project.
        names: the host names of those that are known as hosts.
    """
    found = list(keys)
    return sorted({host for key in found for host in names.get(key, ())} or {name_of(key) for key in found})


def name_of(key: str) -> str:
    """The name in a resource's key; a name may hold "::" itself, a type may not."""
    return key.partition("::")[2]


def _inputs(resource_type: str) -> tuple[str, ...] | None:
    if resource_type.startswith("azure-native:"):
        resource_type = _AZURE_VERSION.sub("", resource_type)
    return TABLE.get(resource_type)


def _at(value: Any, path: str) -> Any:
    """What stands at a path of names; None where nothing does."""
    for part in path.split("."):
        if _types.is_input_type(type(value)):
            value = _types.input_type_to_untranslated_dict(value)
        if not isinstance(value, Mapping):
            return None
        value = value.get(part, value.get(_camel(part)))
    return value


def _camel(name: str) -> str:
    """The name as the engine and the provider's other SDKs have it: `node_group_name` is `nodeGroupName`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _usable(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
