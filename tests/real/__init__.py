"""Tests against real parts: kustomize, kubectl, kpt, and a Kubernetes API server on etcd."""
