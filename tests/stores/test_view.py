from stores.content import read_content
from stores.model import ChangeType
from stores.view import View, completed, fixed_uid
from tests.stores.samples import app, key

IDENTITY = "7f0f6e2a-3c3f-4bb5-9d37-0a6b1cdd6b2c"


def data(name="web", *, uid="u-1", **fields):
    return {"metadata": {"name": name, "namespace": "agent-a", "uid": uid}, **fields}


def told(view):
    return [(change.type, change.object.key.name, change.object.uid) for change in view.changes()]


def show(view, name="web", **fields):
    view.show(key(name), data(name, **fields), origin="f:1", stamp=5)


def test_what_is_shown_is_told_once_with_its_type():
    view = View()
    show(view)
    assert told(view) == [(ChangeType.ADDED, "web", "u-1")]
    assert told(view) == []
    show(view, spec=1)
    (change,) = view.changes()
    assert (change.type, change.object.data["spec"], change.previous.data.get("spec")) == (ChangeType.MODIFIED, 1, None)
    view.remove(key())
    (change,) = view.changes()
    assert (change.type, change.object.data["spec"]) == (ChangeType.DELETED, 1)


def test_equal_data_is_no_change_but_its_origin_is_remembered():
    view = View()
    show(view)
    version = view.get(key()).resource_version
    assert len(told(view)) == 1
    view.show(key(), data(), origin="g:9", stamp=7)
    assert told(view) == []
    assert (view.get(key()).origin, view.get(key()).resource_version) == ("g:9", version)


def test_versions_grow_even_when_the_clock_goes_back():
    view = View()
    versions = []
    for number, stamp in enumerate((10**18, 10**18 - 5, 0, 10**18)):
        view.show(key(), data(spec=number), origin="f:1", stamp=stamp)
        versions.append(int(view.get(key()).resource_version))
    assert versions == sorted(set(versions))
    assert versions[0] == 10**18


def test_a_slow_watcher_is_told_the_sum():
    view = View()
    show(view, spec=1)
    show(view, spec=2)
    show(view, "other", uid="u-2")
    view.remove(key("other"))
    assert told(view) == [(ChangeType.ADDED, "web", "u-1")]
    show(view, spec=3)
    show(view, spec=4)
    (change,) = view.changes()
    assert (change.object.data["spec"], change.previous.data["spec"]) == (4, 2)


def test_another_object_of_the_same_name_is_a_deletion_and_an_addition():
    view = View()
    show(view)
    told(view)
    view.remove(key())
    show(view, uid="u-9")
    assert told(view) == [(ChangeType.DELETED, "web", "u-1"), (ChangeType.ADDED, "web", "u-9")]


def test_what_goes_and_comes_back_within_the_settling_time_never_went():
    view = View(settle=0.25)
    show(view)
    told(view)
    view.miss(key(), now=10.0)
    assert view.next_time() == 10.25
    view.settle(now=10.2)
    show(view)
    view.settle(now=99.0)
    assert told(view) == []
    assert view.next_time() is None


def test_what_stays_away_is_deleted_when_it_has_settled():
    view = View(settle=0.25)
    show(view)
    told(view)
    view.miss(key(), now=10.0)
    view.miss(key(), now=10.2)
    view.settle(now=10.24)
    assert view.get(key()) is not None
    view.settle(now=10.25)
    assert view.get(key()) is None
    assert told(view) == [(ChangeType.DELETED, "web", "u-1")]


def test_a_new_watcher_is_told_everything_again_in_order():
    view = View()
    show(view, "b", uid="u-b")
    show(view, "a", uid="u-a")
    told(view)
    view.forget_told()
    assert [name for _, name, _ in told(view)] == ["a", "b"]


def test_a_uid_is_free_again_when_its_object_is_gone():
    view = View()
    show(view)
    assert view.is_free("u-1", key())
    assert not view.is_free("u-1", key("other"))
    view.remove(key())
    assert view.is_free("u-1", key("other"))


def found(text):
    return read_content(text.encode(), "f").objects[key()]


def complete(text, known=None, *, free=True):
    return completed(found(text), known, is_free=lambda _uid, _key: free, new_uid=lambda: "new")


def known(**fields):
    view = View()
    show(view, uid="old", **fields)
    return view.get(key())


def test_an_object_without_a_uid_gets_one():
    assert complete(app())["metadata"]["uid"] == "new"


def test_an_object_with_a_uid_keeps_it():
    assert complete(app(uid="mine"), known())["metadata"]["uid"] == "mine"


def test_a_known_object_that_lost_its_uid_gets_uid_and_status_back():
    restored = complete(app(), known(status={"a": 1}))
    assert (restored["metadata"]["uid"], restored["status"]) == ("old", {"a": 1})


def test_a_status_of_its_own_or_a_uid_of_its_own_means_that_nothing_is_restored():
    assert complete(app(more="status: mine\n"), known(status={"a": 1}))["status"] == "mine"
    assert "status" not in complete(app(uid="old"), known(status={"a": 1}))


def test_a_copied_uid_is_replaced():
    assert complete(app(uid="copied"), free=False)["metadata"]["uid"] == "new"


def test_a_fixed_uid_depends_on_store_and_key_only():
    assert fixed_uid(IDENTITY, key()) == fixed_uid(IDENTITY, key())
    assert fixed_uid(IDENTITY, key()) != fixed_uid(IDENTITY, key("other"))
    assert fixed_uid(IDENTITY, key()) != fixed_uid(IDENTITY.replace("7", "8"), key())
