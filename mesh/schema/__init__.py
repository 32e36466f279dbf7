"""Validation of objects against CRDs, as the API server would do it: OpenAPI v3 schemas and CEL rules.

The steps are the API server's: unknown fields out, nulls out, defaults in (preparing.py), the schema (checking.py),
and, if the object fits it, the rules (rules.py, cel/). All of it is lazy: a CRD is read when an object of its kind is
met, a place of its schema compiled when an object has something there: a megabyte of CRDs costs a few milliseconds.
The words of the findings are the API server's too; tests compare both with what its own Go code answered.
"""

from mesh.schema.schemas import Schemas

__all__ = ["Schemas"]
