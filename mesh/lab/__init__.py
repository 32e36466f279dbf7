"""A real mesh on loopback: a CA, SVIDs and one Envoy sidecar per workload."""
