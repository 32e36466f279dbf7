"""Checks of Kubernetes' own objects: Deployments, Services, service accounts, NetworkPolicies."""
