import * as bigpanda from "@pulumi/bigpanda";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

const version = new pulumi.Config().require("version");
const hosts = ["shop-1", "shop-2"];

const shop = new bigpanda.Deployment("shop", { component: "shop", version, hosts, owner: "shop-team@acme.com" });

const containers = hosts.map(
    (name) => new docker.Container(name, { name, image: `shop:${version}` }, { dependsOn: [shop] }),
);

const done = new bigpanda.Completion("shop-done", { start: shop.start }, { dependsOn: containers });

export const started = shop.timestamp;
export const delivery = done.delivery;
