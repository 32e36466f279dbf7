"""Checks of how principal and agents are configured: arguments, environment and ConfigMaps."""
