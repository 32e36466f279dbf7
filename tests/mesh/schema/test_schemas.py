from mesh.findings import Level
from mesh.manifests import read_documents
from mesh.schema import Schemas
from tests.mesh.schema.crds import crd, thing, version


def schemas(*texts):
    found, faults = Schemas.from_texts((f"crd{n}.yaml", text) for n, text in enumerate(texts))
    assert faults == []
    return found


def check(known, text):
    (manifest,), faults = read_documents(text, "thing.yaml")
    assert faults == []
    return known.validate(manifest)


def codes(known, text):
    return [finding.code for finding in check(known, text)]


STRING = "{type: object, properties: {a: {type: string}}}"
NUMBER = "{type: object, properties: {a: {type: integer}}}"


def test_a_finding_names_the_field_the_line_and_what_to_write():
    (finding,) = check(schemas(crd(STRING)), thing("\n  a: 20"))
    assert (finding.code, finding.level, finding.file, finding.line) == ("MT1701", Level.ERROR, "thing.yaml", 5)
    assert finding.path == "spec.a"
    assert finding.message == 'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"'
    assert finding.remedy == 'accepted: string; write it as text, in quotes: "20"'


def test_a_kind_that_nobody_defines_is_told_once():
    known = schemas(crd(STRING))
    other = "apiVersion: other.org/v1\nkind: Other\nmetadata: {name: a}\n"
    assert codes(known, other) == ["MT1711"]
    assert codes(known, other) == []


def test_a_kind_in_another_group_is_a_warning_that_names_the_group():
    (finding,) = check(schemas(crd(STRING)), "apiVersion: exmaple.org/v1\nkind: Thing\nmetadata: {name: a}\n")
    assert (finding.code, finding.level) == ("MT1711", Level.WARNING)
    assert "example.org" in finding.message


def test_kinds_of_kubernetes_itself_are_not_missed():
    known = schemas(crd(STRING))
    for api_version in ("v1", "apps/v1", "networking.k8s.io/v1"):
        assert codes(known, f"apiVersion: {api_version}\nkind: X\nmetadata: {{name: a}}\n") == []


def test_without_any_crd_nothing_is_said():
    assert codes(Schemas(), thing("{a: 1}")) == []


def test_a_version_that_is_not_served_is_refused_with_one_that_is():
    known = schemas(crd(STRING, served="false") + version(STRING, "v2"))
    for name in ("v1", "v9"):
        (finding,) = check(known, thing("{}", name))
        assert finding.code == "MT1710"
        assert finding.remedy == "Write apiVersion: example.org/v2"


def test_a_deprecated_version_is_a_warning():
    assert codes(schemas(crd(STRING, deprecated="true")), thing("{}")) == ["MT1713"]


def test_of_several_definitions_of_a_kind_one_must_take_the_object():
    known = schemas(crd(STRING), crd(NUMBER))
    assert codes(known, thing("{a: 1}")) == []
    assert codes(known, thing("{a: x}")) == []
    assert codes(known, thing("{a: []}")) == ["MT1701"]


def test_defaults_are_there_before_rules_look():
    spec = (
        "{type: object, properties: {a: {type: string, default: x}}, x-kubernetes-validations: [{rule: self.a=='x'}]}"
    )
    known = schemas(crd(spec))
    assert codes(known, thing("{}")) == []
    assert codes(known, thing("{a: null}")) == []
    assert codes(known, thing("{a: z}")) == ["MT1708"]


def test_rules_are_not_run_on_what_does_not_fit_the_schema():
    spec = "{type: object, properties: {a: {type: string}}, x-kubernetes-validations: [{rule: 'false', message: no}]}"
    assert codes(schemas(crd(spec)), thing("{a: 1}")) == ["MT1701"]
    assert codes(schemas(crd(spec)), thing("{a: x}")) == ["MT1708"]


def test_rules_about_changes_are_passed_over_unless_they_can_do_without():
    spec = "{type: object, x-kubernetes-validations: [{rule: self == oldSelf}]}"
    assert codes(schemas(crd(spec)), thing("{}")) == []
    optional = "{type: object, x-kubernetes-validations: [{rule: oldSelf.hasValue(), optionalOldSelf: true}]}"
    assert codes(schemas(crd(optional)), thing("{}")) == ["MT1708"]


def test_a_rule_can_make_its_own_message_and_name_its_field():
    spec = (
        "{type: object, properties: {a: {type: integer}}, x-kubernetes-validations: "
        "[{rule: self.a < 3, messageExpression: '\"%d is too many\".format([self.a])', fieldPath: .a}]}"
    )
    (finding,) = check(schemas(crd(spec)), thing("\n  a: 5"))
    assert (finding.path, finding.line) == ("spec.a", 5)
    assert finding.message == "spec.a: Invalid value: 5 is too many"


def test_a_rule_that_is_not_understood_is_said_once():
    known = schemas(crd("{type: object, x-kubernetes-validations: [{rule: 'self.fly()'}]}"))
    (finding,) = check(known, thing("{}"))
    assert (finding.code, finding.level) == ("MT1712", Level.INFO)
    assert "self.fly()" in finding.message
    assert codes(known, thing("{}")) == []


def test_a_status_is_not_looked_at_since_nobody_applies_it():
    assert codes(schemas(crd(STRING)), thing("{}", more="status: {nonsense: 1}\n")) == []


def test_an_unknown_field_is_a_warning_and_the_rest_is_checked():
    findings = check(schemas(crd(STRING)), thing("\n  b: 1\n  a: 2"))
    assert sorted((each.code, each.level, each.line) for each in findings) == [
        ("MT1701", Level.ERROR, 6),
        ("MT1709", Level.WARNING, 5),
    ]


def test_metadata_has_rules_without_a_schema():
    text = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: A_b, labels: {a: 1, b/c/d: x, e: 'x y'}}\n"
    findings = check(schemas(crd(STRING)), text)
    assert {each.path for each in findings} == {
        "metadata.name", "metadata.labels.a", 'metadata.labels["b/c/d"]', "metadata.labels.e",
    }  # fmt: skip
    assert {each.code for each in findings} == {"MT1714"}


def test_one_object_gives_no_more_findings_than_anybody_reads():
    spec = "{type: object, additionalProperties: {type: string}}"
    text = thing("{" + ", ".join(f"k{n}: {n}" for n in range(5000)) + "}")
    assert len(check(schemas(crd(spec)), text)) == 20


def test_what_rules_cost_is_bounded_over_all_objects():
    rules = "x-kubernetes-validations: [{rule: 'self.all(a, self.all(b, a <= b || b <= a))'}]"
    spec = f"{{type: array, items: {{type: integer}}, {rules}}}"
    known = schemas(crd(spec))
    numbers = "[" + ", ".join(map(str, range(600))) + "]"
    told = [codes(known, thing(numbers)) for _ in range(60)]
    assert told[0] == ["MT1712"]
    assert not any(told[1:])


def test_hostile_definitions_and_objects_give_findings_or_nothing_but_never_an_error():
    nonsense = [
        "3", "[]", "{type: 5}", "{type: object, properties: 3, required: 4}", "{properties: {a: 7}}", "{enum: 3}",
        "{items: [1], type: array}", "{pattern: '(', type: string}", "{maxLength: x}", "{minimum: []}",
        "{x-kubernetes-validations: [1, {rule: 3}, {rule: '1 +'}]}", "{oneOf: [3, {required: x}]}", "{not: 4}",
        "{x-kubernetes-list-type: map, type: array}", "{x-kubernetes-list-map-keys: 3, x-kubernetes-list-type: map}",
        "{default: {a: 1}, type: object, properties: {a: {default: 3}}}", "{format: 3}", "{multipleOf: 0}",
        "{additionalProperties: 3}", "{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}",
    ]  # fmt: skip
    values = ["3", "x", "[]", "[1, x, {}]", "{}", "{a: [{b: 1}]}", "null", "1.5", "true", "{a: null}"]
    for schema in nonsense:
        known = schemas(crd(schema))
        for value in values:
            for finding in check(known, thing(value)):
                assert finding.message
