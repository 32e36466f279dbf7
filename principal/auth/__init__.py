"""How callers prove who they are: the methods behind `--auth`, each one file, and what certificates must satisfy."""
