"""The admin HTTP API: who is connected, as whom, and how alive."""
