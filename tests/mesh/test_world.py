from mesh.bundle import Bundle
from mesh.world import MAX_PRINCIPALS, World, run_checks
from tests.mesh.texts import pod, world


def names(known: World) -> list[str]:
    return [each.item.name for each in known.components]


def test_principals_and_agents_are_told_apart_and_principals_bounded() -> None:
    known = world(pod("agent"), *(pod("principal", name=f"p{n}") for n in range(MAX_PRINCIPALS + 1)))
    assert len(known.principals) == MAX_PRINCIPALS
    assert [each.item.name for each in known.agents] == ["agent"]
    assert len(names(known)) == MAX_PRINCIPALS + 2


def test_two_worlds_of_one_bundle_share_what_is_worked_out() -> None:
    bundle = Bundle(world(pod("agent")).bundle)
    first, second = World.of(bundle, None), World.of(bundle, None)
    assert first.bundle is second.bundle
    assert first.components is second.components


def test_what_is_asked_for_once_is_made_once() -> None:
    made: list[World] = []
    known = world(pod("agent"))

    def make(one: World) -> int:
        made.append(one)
        return len(made)

    assert [known.once(make) for _ in range(3)] == [1, 1, 1]
    assert World.of(known.bundle, None).once(make) == 2


def test_findings_of_several_checks_are_told_once_in_the_order_of_the_checks() -> None:
    from mesh.general import objects

    known = world("{a: b}", "{apiVersion: v1}")
    once = run_checks([objects], known)
    assert len(once) == 2
    assert run_checks([objects, objects], known) == once
