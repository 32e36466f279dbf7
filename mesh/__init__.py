"""The mesh library: identities, timers, manifests and the lab; usable without principal and agent."""
