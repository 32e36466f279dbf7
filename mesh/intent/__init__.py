"""The intent: what the user wants of principal, agents, keepalive and mesh, as one frozen value and as YAML."""

from typing import Final

from mesh.intent.coding import intent_data, read_intent, write_intent
from mesh.intent.model import Agents, Gateway, Intent, IntentError, Keepalive, Mesh, Principal, System, Tcp
from mesh.intent.versions import Version

__all__ = [
    "DEFAULT_INTENT",
    "Agents",
    "Gateway",
    "Intent",
    "IntentError",
    "Keepalive",
    "Mesh",
    "Principal",
    "System",
    "Tcp",
    "Version",
    "intent_data",
    "read_intent",
    "write_intent",
]

DEFAULT_INTENT: Final = Intent()
"""What is meant when nothing is said."""
