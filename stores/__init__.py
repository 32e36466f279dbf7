"""Object stores that principal and agent keep Argo CD resources in."""
