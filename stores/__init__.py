"""Object stores that principal and agent keep Argo CD resources in.

Users of this room need `stores.model` (what a store is), `stores.kinds` and `stores.directory`; the rest is how.
"""
