// Writes the classes of a provider plugin, as `pulumi package add` has them generated: LANGUAGE SCHEMA FOLDER.
//
// LANGUAGE is go or nodejs. `pulumi package add` itself asks Pulumi's official language hosts for them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if err := write(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(language, from, to string) error {
	files, err := generate(language, from)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func generate(language, from string) (map[string][]byte, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	// As `pulumi package add` sets it: Go's classes are a module of their own.
	spec.Meta = &schema.MetadataSpec{SupportPack: true}
	pkg, problems, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	if language == "go" {
		return golang.GeneratePackage("pulumi", pkg, nil)
	}
	return nodejs.GeneratePackage("pulumi", pkg, nil, nil, true, nil)
}
