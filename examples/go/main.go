package main

import (
	"example.com/pulumi-bigpanda/sdk/go/bigpanda"
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		version := config.Require(ctx, "version")
		hosts := []string{"shop-1", "shop-2"}

		shop, err := bigpanda.NewDeployment(ctx, "shop", &bigpanda.DeploymentArgs{
			Component: pulumi.String("shop"),
			Version:   pulumi.String(version),
			Hosts:     pulumi.ToStringArray(hosts),
			Owner:     pulumi.String("shop-team@acme.com"),
		})
		if err != nil {
			return err
		}

		containers := []pulumi.Resource{}
		for _, name := range hosts {
			container, err := docker.NewContainer(ctx, name, &docker.ContainerArgs{
				Name:  pulumi.String(name),
				Image: pulumi.String("shop:" + version),
			}, pulumi.DependsOn([]pulumi.Resource{shop}))
			if err != nil {
				return err
			}
			containers = append(containers, container)
		}

		done, err := bigpanda.NewCompletion(ctx, "shop-done", &bigpanda.CompletionArgs{
			Start: shop.Start,
		}, pulumi.DependsOn(containers))
		if err != nil {
			return err
		}

		ctx.Export("started", shop.Timestamp)
		ctx.Export("delivery", done.Delivery)
		return nil
	})
}
