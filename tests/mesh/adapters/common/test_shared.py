from mesh.adapters.common.shared import ALIKE, SHARED_CHECKS, shared_findings
from mesh.adapters.istio.generating import wiring
from mesh.bundle import Bundle
from mesh.findings import Finding
from mesh.intent import DEFAULT_INTENT
from mesh.world import World, run_checks
from tests.mesh.hostile_manifests import entangled
from tests.mesh.texts import pod, world

ODD = "{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: 1, labels: {a: 1}}}"


def manifests() -> Bundle:
    return world(entangled(2), ODD, ODD, pod("principal")).bundle


def test_what_runs_once_says_the_same_with_an_intent_and_without() -> None:
    bundle = manifests()
    alone, intended = World(bundle), World(bundle, DEFAULT_INTENT, wiring(DEFAULT_INTENT))
    assert run_checks(ALIKE, alone)
    for check in ALIKE:
        assert list(check(alone)) == list(check(intended))


def test_every_shared_check_is_run_whoever_runs_it() -> None:
    def told(one: World) -> set[Finding]:
        return set(shared_findings(one))

    bundle = manifests()
    wanted = set(run_checks(SHARED_CHECKS, World(bundle)))
    assert told(World(bundle)) == wanted
    assert told(World(Bundle(bundle))) == wanted


def test_a_lesser_finding_gives_way_to_one_that_says_what_is_wrong() -> None:
    port = pod("principal", "--listen-port=x")
    one = world(port, intent=DEFAULT_INTENT, wiring=wiring(DEFAULT_INTENT))
    codes = {each.code for each in shared_findings(one) if each.path == "spec.containers[0].args[1]"}
    assert codes == {"MT1911"}
