"""One codec for each Kubernetes kind: bodies in, records out, and back. The keys of a kind stand in its codec only."""
