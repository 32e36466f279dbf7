from mesh.allowance import Allowance
from mesh.bundle import Field
from mesh.manifests import read_documents

PLACE = Field.root(read_documents("a: b", "x.yaml")[0][0])


def test_what_is_left_is_spent_and_then_nothing_is() -> None:
    allowance = Allowance(10)
    assert [allowance.spend(steps) for steps in (4, 6, 1, 0)] == [True, True, False, False]


def test_only_an_exceeded_allowance_is_said() -> None:
    allowance = Allowance(10)
    assert not list(allowance.exceeded(PLACE, "These"))
    allowance.spend(11)
    (finding,) = allowance.exceeded(PLACE, "These")
    assert (finding.code, finding.file) == ("MT1006", "x.yaml")
    assert finding.message.startswith("These are too many")
