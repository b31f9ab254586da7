"""Which resource types are hosts, and what of each holds the name that operators know the host by. Data alone."""

from __future__ import annotations

from typing import NamedTuple


class Naming(NamedTuple):
    """Where a resource type has its host's name.

    Names are as the Python SDKs have them, and dots go into maps. The first that is there counts.

    Attributes:
        inputs: the inputs that name the resource.
        outputs: what the provider says that it is called; the inputs' names unless given.
        is_always: whether it is a host where neither is known; then its name in the program stands for it. Where it is
            not, the SDK makes the inputs secret as a whole.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    is_always: bool = True

    @property
    def in_state(self) -> tuple[str, ...]:
        """The outputs in which the last checkpoint has the name."""
        return self.outputs or self.inputs


_NAME = Naming(("name",))
_LABEL = Naming(("label",))
_METADATA = Naming(("metadata.name",))
_TAGGED = Naming(("tags.Name",), ("tags.Name", "tags_all.Name", "private_dns"))
_CONNECTION = Naming(("connection.host",), is_always=False)


def _as(name: str) -> Naming:
    """Of a type whose input and output have the same name."""
    return Naming((name,))


def _called(*inputs: str) -> Naming:
    """Of a type whose output is `name`, whatever the input is called."""
    return Naming(inputs, ("name",))


_AWS = {
    "alb/loadBalancer:LoadBalancer": _NAME,
    "apprunner/service:Service": _as("service_name"),
    "autoscaling/group:Group": _NAME,
    "docdb/cluster:Cluster": _as("cluster_identifier"),
    "docdb/clusterInstance:ClusterInstance": _as("identifier"),
    "ec2/instance:Instance": _TAGGED,
    "ec2/launchConfiguration:LaunchConfiguration": _NAME,
    "ec2/launchTemplate:LaunchTemplate": _NAME,
    "ec2/spotInstanceRequest:SpotInstanceRequest": _TAGGED,
    "ecs/cluster:Cluster": _NAME,
    "ecs/service:Service": _NAME,
    "ecs/taskDefinition:TaskDefinition": _as("family"),
    "eks/cluster:Cluster": _NAME,
    "eks/fargateProfile:FargateProfile": _as("fargate_profile_name"),
    "eks/nodeGroup:NodeGroup": _as("node_group_name"),
    "elasticache/cluster:Cluster": _as("cluster_id"),
    "elasticache/replicationGroup:ReplicationGroup": _as("replication_group_id"),
    "elasticache/serverlessCache:ServerlessCache": _NAME,
    "elasticbeanstalk/environment:Environment": _NAME,
    "elasticsearch/domain:Domain": _as("domain_name"),
    "elb/loadBalancer:LoadBalancer": _NAME,
    "emr/cluster:Cluster": _NAME,
    "lambda/function:Function": _NAME,
    "lb/loadBalancer:LoadBalancer": _NAME,
    "lightsail/containerService:ContainerService": _NAME,
    "lightsail/database:Database": _as("relational_database_name"),
    "lightsail/instance:Instance": _NAME,
    "lightsail/lb:Lb": _NAME,
    "memorydb/cluster:Cluster": _NAME,
    "mq/broker:Broker": _as("broker_name"),
    "msk/cluster:Cluster": _as("cluster_name"),
    "msk/serverlessCluster:ServerlessCluster": _as("cluster_name"),
    "neptune/cluster:Cluster": _as("cluster_identifier"),
    "neptune/clusterInstance:ClusterInstance": _as("identifier"),
    "opensearch/domain:Domain": _as("domain_name"),
    "rds/cluster:Cluster": _as("cluster_identifier"),
    "rds/clusterInstance:ClusterInstance": _as("identifier"),
    "rds/instance:Instance": _as("identifier"),
    "redshift/cluster:Cluster": _as("cluster_identifier"),
}

_AZURE_NATIVE = {
    "app:ContainerApp": _called("container_app_name"),
    "app:Job": _called("job_name"),
    "cache:Redis": _NAME,
    "cache:RedisEnterprise": _called("cluster_name"),
    "compute:VirtualMachine": _called("vm_name", "os_profile.computer_name"),
    "compute:VirtualMachineScaleSet": _called("vm_scale_set_name"),
    "containerinstance:ContainerGroup": _called("container_group_name"),
    "containerservice:AgentPool": _called("agent_pool_name"),
    "containerservice:ManagedCluster": _called("resource_name"),
    "cosmosdb:DatabaseAccount": _called("account_name"),
    "dbformysql:Server": _called("server_name"),
    "dbforpostgresql:Server": _called("server_name"),
    "documentdb:DatabaseAccount": _called("account_name"),
    "hdinsight:Cluster": _called("cluster_name"),
    "network:ApplicationGateway": _called("application_gateway_name"),
    "network:LoadBalancer": _called("load_balancer_name"),
    "redis:Redis": _NAME,
    "redisenterprise:RedisEnterprise": _called("cluster_name"),
    "servicefabric:ManagedCluster": _called("cluster_name"),
    "sql:Database": _called("database_name"),
    "sql:Server": _called("server_name"),
    "web:WebApp": _NAME,
}
"""Without the version of the API that a type may have."""

_AZURE = {
    "appservice/appService:AppService": _NAME,
    "appservice/functionApp:FunctionApp": _NAME,
    "appservice/linuxFunctionApp:LinuxFunctionApp": _NAME,
    "appservice/linuxWebApp:LinuxWebApp": _NAME,
    "appservice/windowsFunctionApp:WindowsFunctionApp": _NAME,
    "appservice/windowsWebApp:WindowsWebApp": _NAME,
    "compute/linuxVirtualMachine:LinuxVirtualMachine": _called("name", "computer_name"),
    "compute/linuxVirtualMachineScaleSet:LinuxVirtualMachineScaleSet": _called("name", "computer_name_prefix"),
    "compute/orchestratedVirtualMachineScaleSet:OrchestratedVirtualMachineScaleSet": _NAME,
    "compute/virtualMachine:VirtualMachine": _called("name", "os_profile.computer_name"),
    "compute/windowsVirtualMachine:WindowsVirtualMachine": _called("name", "computer_name"),
    "compute/windowsVirtualMachineScaleSet:WindowsVirtualMachineScaleSet": _called("name", "computer_name_prefix"),
    "containerapp/app:App": _NAME,
    "containerservice/group:Group": _NAME,
    "containerservice/kubernetesCluster:KubernetesCluster": _NAME,
    "containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool": _NAME,
    "hdinsight/sparkCluster:SparkCluster": _NAME,
    "lb/loadBalancer:LoadBalancer": _NAME,
    "mssql/server:Server": _NAME,
    "mysql/flexibleServer:FlexibleServer": _NAME,
    "network/applicationGateway:ApplicationGateway": _NAME,
    "postgresql/flexibleServer:FlexibleServer": _NAME,
    "postgresql/server:Server": _NAME,
    "redis/cache:Cache": _NAME,
}

_GCP = {
    "alloydb/cluster:Cluster": _as("cluster_id"),
    "alloydb/instance:Instance": _as("instance_id"),
    "cloudfunctions/function:Function": _NAME,
    "cloudfunctionsv2/function:Function": _NAME,
    "cloudrun/service:Service": _NAME,
    "cloudrunv2/job:Job": _NAME,
    "cloudrunv2/service:Service": _NAME,
    "compute/forwardingRule:ForwardingRule": _NAME,
    "compute/globalForwardingRule:GlobalForwardingRule": _NAME,
    "compute/instance:Instance": Naming(("hostname", "name")),
    "compute/instanceFromTemplate:InstanceFromTemplate": Naming(("hostname", "name")),
    "compute/instanceGroupManager:InstanceGroupManager": _NAME,
    "compute/instanceTemplate:InstanceTemplate": _NAME,
    "compute/regionInstanceGroupManager:RegionInstanceGroupManager": _NAME,
    "container/cluster:Cluster": _NAME,
    "container/nodePool:NodePool": _NAME,
    "dataproc/cluster:Cluster": _NAME,
    "memcache/instance:Instance": _NAME,
    "redis/instance:Instance": _NAME,
    "sql/databaseInstance:DatabaseInstance": _NAME,
}

_KUBERNETES = {
    "apps/v1:DaemonSet": _METADATA,
    "apps/v1:Deployment": _METADATA,
    "apps/v1:ReplicaSet": _METADATA,
    "apps/v1:StatefulSet": _METADATA,
    "batch/v1:CronJob": _METADATA,
    "batch/v1:Job": _METADATA,
    "core/v1:Pod": _METADATA,
    "core/v1:ReplicationController": _METADATA,
    "core/v1:Service": _METADATA,
    "extensions/v1beta1:DaemonSet": _METADATA,
    "extensions/v1beta1:Deployment": _METADATA,
    "extensions/v1beta1:ReplicaSet": _METADATA,
    "helm.sh/v2:Chart": Naming(()),  # a component of the SDK: its name in the program is the release's
    "helm.sh/v3:Chart": Naming(()),
    "helm.sh/v3:Release": _NAME,
    "helm.sh/v4:Chart": Naming(("name",)),
}
"""Of apps, batch and core, other versions are known by their v1."""

_OTHERS = {
    "cloudflare:index/workerScript:WorkerScript": Naming(("script_name", "name")),
    "cloudflare:index/workersScript:WorkersScript": Naming(("script_name", "name")),
    "command:remote:Command": _CONNECTION,
    "command:remote:CopyFile": _CONNECTION,
    "command:remote:CopyToRemote": _CONNECTION,
    "digitalocean:index/app:App": _as("spec.name"),
    "digitalocean:index/databaseCluster:DatabaseCluster": _NAME,
    "digitalocean:index/droplet:Droplet": _NAME,
    "digitalocean:index/kubernetesCluster:KubernetesCluster": _NAME,
    "digitalocean:index/kubernetesNodePool:KubernetesNodePool": _NAME,
    "digitalocean:index/loadBalancer:LoadBalancer": _NAME,
    "docker:index/container:Container": _called("hostname", "name"),  # a hostname that nobody gave is a random id
    "docker:index/service:Service": _NAME,
    "fly-machines:apps/v1:App": _NAME,
    "fly-machines:apps/v1:Machine": _NAME,
    "fly:index/app:App": _NAME,
    "fly:index/machine:Machine": _NAME,
    "hcloud:index/loadBalancer:LoadBalancer": _NAME,
    "hcloud:index/server:Server": _NAME,
    "libvirt:index/domain:Domain": _NAME,
    "linode:index/databaseMysqlV2:DatabaseMysqlV2": _LABEL,
    "linode:index/databasePostgresqlV2:DatabasePostgresqlV2": _LABEL,
    "linode:index/instance:Instance": _LABEL,
    "linode:index/lkeCluster:LkeCluster": _LABEL,
    "linode:index/nodeBalancer:NodeBalancer": _LABEL,
    "nomad:index/job:Job": Naming((), ("name",)),  # its name stands in its specification
    "openstack:compute/instance:Instance": _NAME,
    "openstack:containerinfra/cluster:Cluster": _NAME,
    "openstack:database/instance:Instance": _NAME,
    "openstack:loadbalancer/loadBalancer:LoadBalancer": _NAME,
    "vsphere:index/host:Host": _as("hostname"),
    "vsphere:index/virtualMachine:VirtualMachine": _NAME,
}

TABLE: dict[str, Naming] = {
    **{f"aws:{kind}": naming for kind, naming in _AWS.items()},
    **{f"azure-native:{kind}": naming for kind, naming in _AZURE_NATIVE.items()},
    **{f"azure:{kind}": naming for kind, naming in _AZURE.items()},
    **{f"gcp:{kind}": naming for kind, naming in _GCP.items()},
    **{f"kubernetes:{kind}": naming for kind, naming in _KUBERNETES.items()},
    **_OTHERS,
}
"""By resource type, as Pulumi shows it."""
