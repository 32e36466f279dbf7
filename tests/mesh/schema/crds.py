"""A CustomResourceDefinition as text, of one kind: `Thing` in `example.org`; and objects of it."""

HEAD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
"""

VERSION = """\
    - name: %s
      served: %s
      deprecated: %s
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: %s
"""


def crd(spec: str, name: str = "v1", *, served: str = "true", deprecated: str = "false") -> str:
    """The definition, with one version in which `spec` is the schema of the field `spec`."""
    return HEAD + version(spec, name, served=served, deprecated=deprecated)


def version(spec: str, name: str = "v1", *, served: str = "true", deprecated: str = "false") -> str:
    """One more version, to write behind a definition."""
    return VERSION % (name, served, deprecated, spec)


def thing(spec: str, name: str = "v1", more: str = "") -> str:
    """An object of version `name`; `more` stands behind its spec."""
    return f"apiVersion: example.org/{name}\nkind: Thing\nmetadata: {{name: a, namespace: b}}\nspec: {spec}\n{more}"
