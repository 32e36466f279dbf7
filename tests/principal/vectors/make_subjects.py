"""Writes subjects.json: what real Go makes of certificates' subjects.

`python -m tests.principal.vectors.make_subjects`. Needs Go on the path. The certificates are made by
hand, since libraries refuse to write the ones that matter; nothing verifies their signatures.
"""

import json
import random
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
P256 = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200"
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""A SubjectPublicKeyInfo: the curve's own base point."""

UTF8, NUMERIC, PRINTABLE, T61, IA5, UNIVERSAL, BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1C, 0x1E
NAMES = {"C": 6, "O": 10, "OU": 11, "CN": 3, "SERIALNUMBER": 5, "L": 7, "ST": 8, "STREET": 9, "POSTALCODE": 17}
KNOWN = {name: bytes((0x55, 4, number)) for name, number in NAMES.items()}
OTHER = {
    "title": bytes((0x55, 4, 12)),
    "DC": bytes.fromhex("0992268993f22c640119"),
    "UID": bytes.fromhex("0992268993f22c640101"),
    "emailAddress": bytes.fromhex("2a864886f70d010901"),
    "private": bytes.fromhex("2b060104018f5f01"),
    "two-arcs": bytes.fromhex("883703"),
}
OIDS = {**KNOWN, **OTHER}

Attribute = tuple[str, int, bytes]
Subject = list[list[Attribute]]


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size, "big") + content


def name(subject: Subject) -> bytes:
    return tlv(0x30, *(tlv(0x31, *map(attribute, part)) for part in subject))


def attribute(each: Attribute) -> bytes:
    oid, tag, value = each
    return tlv(0x30, tlv(6, OIDS.get(oid) or bytes.fromhex(oid)), tlv(tag, value))


def common_name(value: bytes) -> bytes:
    """A subject whose one value is written by hand."""
    return tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, KNOWN["CN"]), value)))


def certificate(subject: bytes) -> bytes:
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    validity = tlv(0x30, tlv(0x17, b"250101000000Z"), tlv(0x17, b"350101000000Z"))
    version = bytes.fromhex("a003020102")
    body = tlv(0x30, version, tlv(2, b"\x01"), algorithm, tlv(0x30), validity, subject, P256)
    return tlv(0x30, body, algorithm, tlv(3, b"\x00\x30\x06\x02\x01\x01\x02\x01\x01"))


def one(*attributes: tuple[str, int, bytes]) -> Subject:
    return [[each] for each in attributes]


def text(name_: str, value: str) -> Attribute:
    return (name_, UTF8, value.encode())


CASES: dict[str, Subject] = {
    "empty": [],
    "a common name": one(text("CN", "agent-a")),
    "printable": one(("CN", PRINTABLE, b"agent-a")),
    "a usual one": one(("C", PRINTABLE, b"DE"), text("O", "Example"), text("OU", "Ops"), text("CN", "agent-a")),
    "the same, backwards": one(text("CN", "agent-a"), text("OU", "Ops"), text("O", "Example"), text("C", "DE")),
    "all fields": one(*(text(name_, f"v-{name_}") for name_ in NAMES)),
    "all fields, backwards": one(*(text(name_, f"v-{name_}") for name_ in reversed(NAMES))),
    "two units": one(text("OU", "a"), text("OU", "b"), text("CN", "agent-a")),
    "two units apart": one(text("OU", "a"), text("CN", "agent-a"), text("OU", "b")),
    "two common names": one(text("CN", "agent-a"), text("CN", "agent-b")),
    "two common names, the last empty": one(text("CN", "agent-a"), text("CN", "")),
    "two serial numbers": one(text("SERIALNUMBER", "1"), text("SERIALNUMBER", "2"), text("CN", "agent-a")),
    "an empty organisation": one(text("O", ""), text("CN", "agent-a")),
    "several attributes in one part": [[text("CN", "agent-a"), text("OU", "x")], [text("O", "y")]],
    "an unknown in one part with a known": [[text("UID", "u"), text("CN", "agent-a")]],
    "an empty part": [[], [text("CN", "agent-a")]],
    "domain components": one(("DC", IA5, b"com"), ("DC", IA5, b"example"), text("CN", "agent-a")),
    "an email address": one(("emailAddress", IA5, b"a@example.com"), text("CN", "agent-a")),
    "an email address last": one(text("CN", "agent-a"), ("emailAddress", IA5, b"a@example.com")),
    "a user id": one(text("UID", "u,=1"), text("CN", "agent-a")),
    "an unknown in printable": one(("title", UTF8, b"Plain"), text("CN", "agent-a")),
    "an unknown with an asterisk": one(("title", PRINTABLE, b"*&"), text("CN", "agent-a")),
    "an unknown in BMP": one(("title", BMP, "ü".encode("utf-16-be")), text("CN", "agent-a")),
    "a long unknown": one(("title", UTF8, b"x" * 300), text("CN", "agent-a")),
    "an unknown of 127": one(("title", UTF8, b"x" * 127)),
    "an unknown of 128": one(("title", UTF8, b"x" * 128)),
    "a private OID": one(text("private", "v"), text("CN", "agent-a")),
    "an OID of 2.999": one(text("two-arcs", "v"), text("CN", "agent-a")),
    "an OID too large": one(("2b8fffffff7f", UTF8, b"v")),
    "an OID just not too large": one(("2b87ffffff7f", UTF8, b"v")),
    "an OID with a leading zero": one(("2b8001", UTF8, b"v")),
    "an OID cut off": one(("2b81", UTF8, b"v")),
    "an OID of one byte": one(("2a", UTF8, b"v")),
    "an OID 0.9": one(("09", UTF8, b"v")),
    "a comma": one(text("O", "Example, Inc."), text("CN", "agent-a")),
    "every escape": one(text("CN", ',+"\\<>;=#')),
    "blanks around": one(text("CN", "  agent a  ")),
    "one blank": one(text("CN", " ")),
    "a hash first": one(text("CN", "#1#2")),
    "a hash after a blank": one(text("CN", " #")),
    "an equals sign": one(text("O", "CN=agent-b"), text("CN", "agent-a")),
    "a text that looks like another part": one(text("O", "x,CN=victim"), text("CN", "agent-a")),
    "a NUL": one(text("CN", "agent-a\0evil")),
    "a line feed": one(text("CN", "agent-a\nCN=victim")),
    "umlauts": one(text("CN", "Jürgen")),
    "a blank behind umlauts": one(text("CN", "ü ")),
    "beyond the basic plane": one(text("CN", "\U0001f511 ")),
    "T61": one(("CN", T61, b"J\xfcrgen")),
    "T61 control": one(("CN", T61, b"a\x85\xa0b")),
    "IA5": one(("CN", IA5, b"agent-a@x")),
    "IA5 beyond ASCII": one(("CN", IA5, b"\xfc")),
    "numeric": one(("SERIALNUMBER", NUMERIC, b"12 34")),
    "numeric with a letter": one(("SERIALNUMBER", NUMERIC, b"12a")),
    "BMP": one(("CN", BMP, "agent-ä".encode("utf-16-be"))),
    "BMP with terminator": one(("CN", BMP, b"\0a\0\0")),
    "BMP with two terminators": one(("CN", BMP, b"\0a\0\0\0\0")),
    "BMP of odd length": one(("CN", BMP, b"\0a\0")),
    "BMP surrogates": one(("CN", BMP, "\U0001f511".encode("utf-16-be"))),
    "BMP lone surrogate": one(("CN", BMP, b"\xd8\x00")),
    "BMP noncharacter": one(("CN", BMP, b"\xff\xfe")),
    "BMP noncharacter in the middle": one(("CN", BMP, b"\xfd\xd0")),
    "printable with an underscore": one(("CN", PRINTABLE, b"agent_a")),
    "printable with an at": one(("CN", PRINTABLE, b"a@b")),
    "printable with asterisk and ampersand": one(("CN", PRINTABLE, b"*.a&b")),
    "UTF-8 that is none": one(("CN", UTF8, b"\xff")),
    "UTF-8 of a surrogate": one(("CN", UTF8, b"\xed\xa0\x80")),
    "UTF-8 overlong": one(("CN", UTF8, b"\xc0\xaf")),
    "UniversalString": one(("CN", UNIVERSAL, "a".encode("utf-32-be"))),
    "VisibleString": one(("CN", 0x1A, b"agent-a")),
    "an octet string": one(("CN", 0x04, b"agent-a")),
    "a constructed string": one(("CN", 0x2C, b"\x0c\x01a")),
    "a boolean": one(("CN", 0x01, b"\xff")),
}

ODD: dict[str, bytes] = {
    "a subject that is a set": tlv(0x31),
    "a part that is a sequence": tlv(0x30, tlv(0x30, tlv(0x30, tlv(6, KNOWN["CN"]), tlv(UTF8, b"a")))),
    "an attribute that is a set": tlv(0x30, tlv(0x31, tlv(0x31, tlv(6, KNOWN["CN"]), tlv(UTF8, b"a")))),
    "an attribute without value": tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, KNOWN["CN"])))),
    "a value cut off": common_name(b"\x0c\x05a"),
    "an indefinite length": common_name(b"\x0c\x80a\0\0"),
    "a length longer than needed": common_name(b"\x0c\x81\x01a"),
    "a length with a leading zero": common_name(b"\x0c\x82\x00\x81" + b"a" * 129),
    "a high tag": common_name(b"\x1f\x0c\x01a"),
}

ALPHABET = "aZ09 ,+\"\\<>;=#'()-./:?*&@_é€\U0001f511\0"


def drawn(rng: random.Random) -> Subject:
    """A subject made by chance."""
    subject: Subject = []
    for _ in range(rng.randint(0, 6)):
        part: list[Attribute] = []
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            value = "".join(rng.choices(ALPHABET, k=rng.randint(0, 8)))
            tag = rng.choice((UTF8, UTF8, UTF8, PRINTABLE, IA5, T61, BMP, NUMERIC))
            coding = {BMP: "utf-16-be", T61: "latin-1"}.get(tag, "utf-8")
            part.append((rng.choice(list(OIDS)), tag, value.encode(coding, "replace")))
        subject.append(part)
    return subject


def ask_go(certificates: list[bytes]) -> list[dict[str, str]]:
    """Go's answer to each."""
    lines = "".join(f"{each.hex()}\n" for each in certificates)
    command = ["go", "run", str(FOLDER / "subjects.go")]
    said = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.split("\n") if line]


def main() -> None:
    rng = random.Random(20261121)
    subjects = {what: name(subject) for what, subject in CASES.items()} | ODD
    subjects |= {f"by chance {number}": name(drawn(rng)) for number in range(150)}
    said = ask_go([certificate(subject) for subject in subjects.values()])
    rows = [
        {"what": what, "name": subject.hex(), **answer}
        for (what, subject), answer in zip(subjects.items(), said, strict=True)
    ]
    text_ = ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows)
    (FOLDER / "subjects.json").write_text(f"[\n{text_}\n]\n")


if __name__ == "__main__":
    main()
