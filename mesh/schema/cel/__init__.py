"""CEL, the language of the rules in CRDs (`x-kubernetes-validations`), as the API server runs it.

tokens.py and parser.py make a tree of a rule's text, compiling.py makes closures of the tree, and the libraries
(functions.py and what it names) are what the API server offers to rules. Values are Python's own wherever those mean
the same. Every evaluation has a budget (budget.py), since rules and objects both come from outside.

Types are not checked before a rule runs, because the API server has done so before it took the CRD; what does not fit
is an error while running, which is what the API server makes of values whose type it cannot know either.
"""

from mesh.schema.cel.budget import Budget, TooCostlyError
from mesh.schema.cel.program import Program, compile_rule
from mesh.schema.cel.quoting import CelSyntaxError
from mesh.schema.cel.values import CelError

__all__ = ["Budget", "CelError", "CelSyntaxError", "Program", "TooCostlyError", "compile_rule"]
