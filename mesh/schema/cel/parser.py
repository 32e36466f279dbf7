"""From a rule's text to its tree: operator precedence by a table, macros by their names."""

from typing import Final

from mesh.schema.cel.macros import expand
from mesh.schema.cel.quoting import CelSyntaxError
from mesh.schema.cel.tokens import Token, tokenize
from mesh.schema.cel.tree import Call, Entries, Index, Items, Literal, Name, Node, Select, is_deeper
from mesh.schema.cel.values import MAX_INT, MAX_UINT, Uint

MAX_DEPTH: Final = 60
"""Brackets and loops inside one another. Each takes up to eight frames of Python, whose limit is a thousand."""

MAX_PARTS: Final = 200
"""Parts inside one another, where `a + b + c` is two. Each takes up to three frames when it is compiled."""

_BINDING: Final = {
    "?": 1,
    "||": 2,
    "&&": 3,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "in": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
"""How strongly an operator holds its operands."""

_UNARY: Final = 7
_WORDS: Final = {"true": Literal(True), "false": Literal(False), "null": Literal(None)}
_STATEMENTS: Final = ("break", "continue", "else", "for", "function", "if", "import", "let", "loop", "return", "while")
_RESERVED: Final = frozenset((*_STATEMENTS, "as", "const", "in", "namespace", "package", "var", "void"))
_ESCAPES: Final = {"underscores": "__", "dot": ".", "dash": "-", "slash": "/"}


def parse(text: str) -> Node:
    """Return the tree of the rule `text`; CelSyntaxError."""
    parser = _Parser(tokenize(text))
    node = parser.expression(0)
    parser.expect("end", "")
    if is_deeper(node, MAX_PARTS):
        raise CelSyntaxError(0, f"more than {MAX_PARTS} parts inside one another")
    return node


def field_name(name: str) -> str:
    """Return the field that a rule means by `name`: Kubernetes writes `__namespace__` for the reserved `namespace`."""
    if "__" not in name:
        return name
    if name.startswith("__") and name.endswith("__") and name[2:-2] in _RESERVED | _WORDS.keys():
        return name[2:-2]
    parts = name.split("__")
    text = parts[0]
    at = 1
    while at < len(parts):
        if parts[at] in _ESCAPES and at + 1 < len(parts):
            text += _ESCAPES[parts[at]] + parts[at + 1]
            at += 2
        else:
            text += "__" + parts[at]
            at += 1
    return text


class _Parser:
    """The tokens and how far they are read."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def expression(self, binding: int) -> Node:
        """Read what holds together more strongly than `binding`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CelSyntaxError(self._token.at, f"more than {MAX_DEPTH} parts inside one another")
        left = self._unary()
        while (strength := self._strength()) > binding:
            operator = self._take().text
            if operator == "?":
                left = self._conditional(left)
            else:
                left = Call(f"_{operator}_", None, (left, self.expression(strength)))
        self._depth -= 1
        return left

    def expect(self, kind: str, text: str) -> None:
        """Read the one token that can come here."""
        if not self._is(kind, text):
            raise CelSyntaxError(
                self._token.at, f"{self._token.text or 'the end'!r} where {text or 'the end'!r} belongs"
            )
        self._at += 1

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _is(self, kind: str, text: str) -> bool:
        return self._token.kind == kind and self._token.text == text

    def _take(self) -> Token:
        token = self._token
        self._at += token.kind != "end"
        return token

    def _accept(self, *operators: str) -> str:
        """Read one of `operators` if it comes next, and return it; else an empty text."""
        if self._token.kind == "op" and self._token.text in operators:
            return self._take().text
        return ""

    def _strength(self) -> int:
        token = self._token
        if token.kind == "op" or (token.kind == "name" and token.text == "in"):
            return _BINDING.get(token.text, 0)
        return 0

    def _conditional(self, condition: Node) -> Node:
        yes = self.expression(_BINDING["?"])
        self.expect("op", ":")
        return Call("_?_:_", None, (condition, yes, self.expression(0)))

    def _unary(self) -> Node:
        signs: list[str] = []
        while sign := self._accept("!", "-"):
            signs.append(sign)
            if len(signs) > MAX_DEPTH:
                raise CelSyntaxError(self._token.at, f"more than {MAX_DEPTH} signs")
        if signs and signs[-1] == "-" and self._token.kind in ("int", "float"):
            signs.pop()
            node = self._members(_number(self._take(), negative=True))
        else:
            node = self._members(self._primary())
        for sign in reversed(signs):
            node = Call(f"{sign}_", None, (node,))
        return node

    def _members(self, node: Node) -> Node:
        while operator := self._accept(".", ".?", "[", "[?"):
            if operator[0] == "[":
                node = Index(node, self.expression(0), operator == "[?")
                self.expect("op", "]")
                continue
            name = self._name()
            if operator == "." and self._accept("("):
                node = expand(Call(name, node, self._arguments()))
            else:
                node = Select(node, field_name(name), operator == ".?")
        return node

    def _name(self) -> str:
        token = self._take()
        if token.kind != "name":
            raise CelSyntaxError(token.at, f"{token.text or 'the end'!r} where a name belongs")
        return token.text

    def _arguments(self) -> tuple[Node, ...]:
        if self._accept(")"):
            return ()
        arguments = [self.expression(0)]
        while self._accept(","):
            arguments.append(self.expression(0))
        self.expect("op", ")")
        return tuple(arguments)

    def _primary(self) -> Node:
        token = self._take()
        if token.kind in ("int", "uint", "float"):
            return _number(token, negative=False)
        if token.kind in ("string", "bytes"):
            return Literal(token.text if token.kind == "string" else token.data)
        if token.kind == "name":
            return self._named(token)
        return self._bracketed(token)

    def _bracketed(self, token: Token) -> Node:
        match token.text:
            case "(":
                node = self.expression(0)
                self.expect("op", ")")
                return node
            case "[" | "[?":
                return self._list(optional=token.text == "[?")
            case "{":
                return self._map()
            case "." if self._token.kind == "name":
                return self._named(self._take())
        raise CelSyntaxError(token.at, f"{token.text or 'the end'!r} where a value belongs")

    def _named(self, token: Token) -> Node:
        if token.text in _WORDS:
            return _WORDS[token.text]
        if token.text in _RESERVED:
            raise CelSyntaxError(token.at, f"{token.text!r} is a reserved word")
        if self._accept("("):
            return expand(Call(token.text, None, self._arguments()))
        return Name(token.text)

    def _list(self, *, optional: bool) -> Node:
        items: list[tuple[Node, bool]] = []
        while optional or not self._accept("]"):
            optional = optional or self._accept("?") == "?"
            items.append((self.expression(0), optional))
            optional = False
            if not self._accept(","):
                self.expect("op", "]")
                break
        return Items(tuple(items))

    def _map(self) -> Node:
        entries: list[tuple[Node, Node, bool]] = []
        while not self._accept("}"):
            optional = self._accept("?") == "?"
            key = self.expression(0)
            self.expect("op", ":")
            entries.append((key, self.expression(0), optional))
            if not self._accept(","):
                self.expect("op", "}")
                break
        return Entries(tuple(entries))


def _number(token: Token, *, negative: bool) -> Node:
    if token.kind == "float":
        return Literal(-float(token.text) if negative else float(token.text))
    number = int(token.text, 16 if token.text[:2] in ("0x", "0X") else 10) if len(token.text) < 32 else MAX_UINT + 1
    if token.kind == "uint":
        if number > MAX_UINT:
            raise CelSyntaxError(token.at, "a number beyond 64 bits")
        return Literal(Uint(number))
    number = -number if negative else number
    if not -MAX_INT - 1 <= number <= MAX_INT:
        raise CelSyntaxError(token.at, "a number beyond 64 bits")
    return Literal(number)
