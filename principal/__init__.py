"""The hub: sessions, identity check, queues, sync and the doors agents come in by."""
