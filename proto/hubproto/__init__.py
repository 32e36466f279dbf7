"""The hub protocol: generated messages and the pure code that both sides share."""
