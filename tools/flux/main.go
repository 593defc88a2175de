// Command flux prints what Flux applies for a Kustomization, built with the library of its kustomize-controller.
//
// Usage: flux KUSTOMIZATION ROOT, where ROOT is the directory of a source. It writes a kustomization.yaml into it, as the
// controller does, where none is. Variables come from the Kustomization alone, and one that is missing is an error.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func main() {
	output, err := build(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(output)
}

func build(file, root string) ([]byte, error) {
	given, err := read(file)
	if err != nil {
		return nil, err
	}
	path, _, err := unstructured.NestedString(given.Object, "spec", "path")
	if err != nil {
		return nil, err
	}
	directory := filepath.Join(root, path)
	if _, err := kustomize.NewGenerator(root, given).WriteFile(directory); err != nil {
		return nil, err
	}
	built, err := kustomize.SecureBuild(root, directory, false)
	if err != nil {
		return nil, err
	}
	if _, substitutes, _ := unstructured.NestedMap(given.Object, "spec", "postBuild"); substitutes {
		for _, object := range built.Resources() {
			_, err := kustomize.SubstituteVariables(context.Background(), nil, given, object,
				kustomize.SubstituteWithDryRun(true), kustomize.SubstituteWithStrict(true))
			if err != nil {
				return nil, err
			}
		}
	}
	return built.AsYaml()
}

func read(file string) (given unstructured.Unstructured, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, &given.Object)
	}
	return given, err
}
