// Reads Kubernetes manifests from stdin, as the API server does with strict validation: a field that the kind does not have is
// an error. Prints each kind with its name.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func kind(of meta.TypeMeta) (any, error) {
	switch of.APIVersion + " " + of.Kind {
	case "v1 Secret":
		return &core.Secret{}, nil
	case "v1 ConfigMap":
		return &core.ConfigMap{}, nil
	case "v1 Service":
		return &core.Service{}, nil
	case "v1 Pod":
		return &core.Pod{}, nil
	case "apps/v1 StatefulSet":
		return &apps.StatefulSet{}, nil
	case "apps/v1 Deployment":
		return &apps.Deployment{}, nil
	case "policy/v1 PodDisruptionBudget":
		return &policy.PodDisruptionBudget{}, nil
	case "autoscaling/v2 HorizontalPodAutoscaler":
		return &autoscaling.HorizontalPodAutoscaler{}, nil
	case "networking.k8s.io/v1 Ingress":
		return &networking.Ingress{}, nil
	case "monitoring.coreos.com/v1 PodMonitor":
		// A custom resource: its schema is not Kubernetes' own.
		return &map[string]any{}, nil
	}
	return nil, fmt.Errorf("unknown kind %s %s", of.APIVersion, of.Kind)
}

func read(document []byte) error {
	var named struct {
		meta.TypeMeta `json:",inline"`
		Metadata      meta.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal(document, &named); err != nil {
		return err
	}
	if named.Kind == "" {
		return nil
	}
	object, err := kind(named.TypeMeta)
	if err == nil {
		err = yaml.UnmarshalStrict(document, object)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", named.Kind, named.Metadata.Name, err)
	}
	fmt.Println(named.Kind, named.Metadata.Name)
	return nil
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		if err == nil {
			err = read(document)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
