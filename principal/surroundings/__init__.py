"""The principal looks at its own surroundings at start: the same checks as `meshtether mesh verify`, on its own pod.

What it is set to, the labels and annotations of its pod (a volume of the downward API), its user and who else listens
in its network namespace make one Pod manifest, and that is verified. No rule is written here.
"""
