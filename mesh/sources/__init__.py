"""Where manifests come from: files and folders (files.py), a live cluster (kube.py). This is the I/O around the checks.

A source never raises for what it meets: what could not be read is a finding beside the manifests that could.
"""
