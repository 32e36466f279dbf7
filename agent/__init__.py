"""The spoke: one stream to the principal, kept alive, and the objects that arrive on it."""
