import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.manifests.scalars import ScalarError, key_text, number, resolve, tagged

# Left: as written. Right: what kubectl makes of it (goyaml.v2's resolve.go, then Kubernetes' JSON decoding).
AS_KUBERNETES = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "nULL": "nULL",
    "true": True, "True": True, "TRUE": True, "yes": True, "on": True, "On": True, "y": True, "Y": True,
    "false": False, "no": False, "NO": False, "off": False, "n": False, "tRue": "tRue", "yess": "yess",
    "0": 0, "7": 7, "-7": -7, "+7": 7, "1_000": 1000, "1_": 1, "_1": "_1",
    "010": 8, "-010": -8, "08": 8, "09.5": 9.5, "0o17": 15, "0x1F": 31, "-0x1f": -31, "0b101": 5, "-0b101": -5,
    "0x": "0x", "0xg": "0xg", "0b2": "0b2", "0b": "0b", "+": "+", "-": "-", "+-5": "+-5", "0_7": 7,
    "1.0": 1, "1.": 1, "1.5": 1.5, ".5": 0.5, "-.5": -0.5, "1e3": 1000, "1E3": 1000, "1e-2": 0.01, "123e4": 1230000,
    "1e400": "1e400", "1e": "1e", "e1": "e1", ".": ".", "..": "..", ".e3": ".e3", "1.2.3": "1.2.3", "1e5.5": "1e5.5",
    "12:30:45": "12:30:45", "190:20:30.15": "190:20:30.15", "2024-01-01": "2024-01-01", "2001-12-14t21:59:43.10-05:00":
    "2001-12-14t21:59:43.10-05:00", "=": "=", "<<": "<<", "inf": "inf", "nan": "nan", "infinity": "infinity",
    "9223372036854775807": 2**63 - 1, "9223372036854775808": float(2**63), "-9223372036854775808": -(2**63),
    "0xFFFFFFFFFFFFFFFF": float(2**64 - 1), "1e19": 1e19, "000e6119": 0, "٣": "٣", "1٣": "1٣", "1 ": "1 ",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), AS_KUBERNETES.items())
def test_a_plain_scalar_means_what_kubernetes_makes_of_it(text, value):
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.inf", "+.INF", "9" * 400, "0x" + "f" * 400])
def test_what_json_cannot_say_is_refused(text):
    with pytest.raises(ScalarError):
        resolve(text)


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("str", "yes", "yes"), ("int", "3", 3), ("int", "0x10", 16), ("float", "3", 3), ("float", "3.5", 3.5),
        ("bool", "on", True), ("null", "", None), ("binary", "aGVsbG8=", "hello"), ("binary", "aGVs\n  bG8=", "hello"),
        ("timestamp", "2024-01-01", "2024-01-01"), ("set", "x", "x"),
    ],
)  # fmt: skip
def test_an_explicit_tag_is_followed(tag, text, value):
    assert tagged(f"tag:yaml.org,2002:{tag}", text) == value


def test_a_tag_that_nobody_knows_leaves_text():
    assert tagged("!vault", "yes") == "yes"
    assert tagged("!", "3") == "3"


@pytest.mark.parametrize(("tag", "text"), [("int", "x"), ("int", "3.5"), ("bool", "3"), ("null", "x"), ("binary", "ä")])
def test_a_tag_that_does_not_fit_its_value_is_refused(tag, text):
    with pytest.raises(ScalarError):
        tagged(f"tag:yaml.org,2002:{tag}", text)


def test_keys_become_text_as_in_json():
    assert [key_text(value) for value in ("a", True, False, 8, 1.5)] == ["a", "true", "false", "8", "1.5"]
    with pytest.raises(ScalarError):
        key_text(None)


@given(st.text(max_size=30))
def test_any_text_has_a_value_or_is_refused(text):
    try:
        value = resolve(text)
    except ScalarError:
        return
    assert value is None or isinstance(value, str | int | float)
    if isinstance(value, str):
        assert value == text


@given(st.integers())
def test_whole_numbers_are_read_back(value):
    assert resolve(str(value)) == number(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_back(value):
    assert resolve(repr(value)) == value
