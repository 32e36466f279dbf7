from mesh.bundle import Bundle
from mesh.configuration.settings import Component, components
from mesh.manifests import read_documents

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: argocd}}
spec:
  containers:
  - name: proxy
    image: envoy
  - name: {name}
    image: {image}
    args: {args}
    env: {env}
"""

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: params, namespace: argocd}
data: {principal.listen.host: "127.0.0.1", agent.heartbeat.interval: 30s}
"""

FROM_CONFIG = "[{name: ARGOCD_PRINCIPAL_LISTEN_HOST, valueFrom: {configMapKeyRef: {name: params, key: %s}}}]"


def read(*texts: str) -> list[Component]:
    manifests, faults = read_documents("---\n".join(texts), "x.yaml")
    assert faults == []
    return list(components(Bundle(manifests)))


def pod(args: str = "[principal]", env: str = "[]", name: str = "c", image: str = "i") -> str:
    return POD.format(args=args, env=env, name=name, image=image)


def test_a_subcommand_tells_which_program_runs() -> None:
    assert [each.side for each in read(pod("[principal]"))] == ["principal"]
    assert [each.side for each in read(pod("[agent, --x]"))] == ["agent"]
    assert read(pod("[serve]")) == []
    assert [each.side for each in read(pod("[/bin/argocd-agent-principal, --x]"))] == ["principal"]


def test_a_flags_value_tells_nothing_about_the_program() -> None:
    for value in ("argocd-agent-principal", "principal"):
        assert [each.side for each in read(pod(f"[agent, --server-address={value}]"))] == ["agent"]
        assert [each.side for each in read(pod(f"[agent, --server-address, {value}]"))] == ["agent"]
    assert [each.side for each in read(pod("[--log-level, debug, principal]"))] == ["principal"]


def test_variables_tell_it_too_and_so_does_the_name_of_our_images_container() -> None:
    variable = "[{name: ARGOCD_AGENT_MODE, value: managed}]"
    assert [each.side for each in read(pod("[]", variable))] == ["agent"]
    assert [each.side for each in read(pod("[]", name="principal", image="x/argocd-agent:1"))] == ["principal"]
    assert read(pod("[]", name="principal", image="postgres")) == []


def test_a_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    env = '[{name: ARGOCD_PRINCIPAL_LISTEN_PORT, value: "1"}]'
    (by_flag,) = read(pod("[principal, --listen-port=2]", env))
    (by_env,) = read(pod("[principal]", env))
    (by_default,) = read(pod("[principal]"))
    found = [each.get("listen-port") for each in (by_flag, by_env, by_default)]
    assert [(each.port, each.origin) for each in found] == [(2, "flag"), (1, "environment"), (8443, "default")]


def test_flags_are_read_as_go_reads_them() -> None:
    (agent,) = read(pod("[agent, --insecure-plaintext, --server-port, '7', -enable-websocket=false]"))
    assert agent.get("insecure-plaintext").switch is True
    assert agent.get("server-port").port == 7
    assert agent.get("enable-websocket").switch is False


def test_an_argument_that_yaml_makes_a_mapping_is_read_as_it_was_meant() -> None:
    (agent,) = read(pod("[agent, {'--creds=header': null}]"))
    assert agent.get("creds").text == "header:"


def test_a_variable_out_of_a_config_map_has_its_place_there() -> None:
    (principal,) = read(CONFIG, pod(env=FROM_CONFIG % "principal.listen.host"))[:1]
    host = principal.get("listen-host")
    assert (host.text, host.origin, host.place.name) == ("127.0.0.1", "ConfigMap", 'data["principal.listen.host"]')
    assert host.name == "principal.listen.host"


def test_a_config_map_that_a_pod_uses_is_no_component_of_its_own() -> None:
    assert len(read(CONFIG, pod(env=FROM_CONFIG % "principal.listen.host"))) == 1


def test_a_config_map_alone_is_one_component_for_each_side_and_never_complete() -> None:
    found = read(CONFIG)
    assert [each.side for each in found] == ["principal", "agent"]
    assert not any(each.complete for each in found)
    assert found[1].given("keep-alive-ping-interval") is None
    assert found[1].get("keep-alive-ping-interval").text == "0"


def test_a_reference_to_nothing_is_dangling() -> None:
    (principal,) = read(CONFIG, pod(env=FROM_CONFIG % "principal.nothing"))[:1]
    assert [(each.row.name, each.config_map is not None) for each in principal.dangling] == [("listen-host", True)]
    (without,) = read(pod(env=FROM_CONFIG % "principal.listen.host"))
    assert [each.config_map for each in without.dangling] == [None]
    assert without.get("listen-host").text is None


def test_an_optional_reference_to_nothing_is_the_default() -> None:
    env = FROM_CONFIG.replace("key: %s", "key: k, optional: true")
    (principal,) = read(pod(env=env))
    assert (principal.dangling, principal.get("listen-host").is_set) == ([], False)


def test_the_pods_own_address_is_known_as_such() -> None:
    env = "[{name: ARGOCD_PRINCIPAL_LISTEN_HOST, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"
    host = read(pod(env=env))[0].get("listen-host")
    assert (host.text, host.pod_ip) == (None, True)


def test_a_secret_is_not_known() -> None:
    env = "[{name: ARGOCD_PRINCIPAL_AUTH, valueFrom: {secretKeyRef: {name: s, key: k}}}]"
    auth = read(pod(env=env))[0].get("auth")
    assert (auth.text, auth.is_set, auth.pod_ip) == (None, True, False)


def test_a_list_that_is_given_in_several_flags_is_all_of_them() -> None:
    (found,) = read(
        pod("[principal, --header-peers=10.0.0.0/8, --header-peers, 0.0.0.0/0, --listen-port=1, --listen-port=2]")
    )
    assert found.get("header-peers").text == "10.0.0.0/8,0.0.0.0/0"
    assert found.get("listen-port").text == "2"
