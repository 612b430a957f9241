// The Kubernetes provider of Pulumi, built from its Go module.
//
// The module is published without the two generated files that its own main embeds; the same content stands in
// schema.json and terraform-mapping.json beside it, and the build puts those here.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}
