"""The codes about Kubernetes' own objects (Service, Deployment, NetworkPolicy, Pod): MT18xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1801",
        level=Level.ERROR,
        title="Deployment without a selector",
        why="`apps/v1` requires `spec.selector`: the API server refuses the object.",
        remedy="Write spec.selector.matchLabels with labels that the template has.",
    ),
    Code(
        code="MT1802",
        level=Level.ERROR,
        title="selector does not take the template's pods",
        why="The API server refuses a Deployment whose selector does not match the labels of its own template.",
        remedy="Give spec.template.metadata.labels every label of spec.selector.matchLabels.",
    ),
    Code(
        code="MT1803",
        level=Level.ERROR,
        title="no Service leads to the principal",
        why="A Service finds its pods by labels. When none selects the principal's, it has no endpoints, and every "
        "agent gets `connection refused` or `no healthy upstream`. argocd-agent's own Service selects "
        "`app.kubernetes.io/name: argocd-agent-principal`.",
        remedy="Give the Service the pods' labels as its selector, or the pods the Service's.",
    ),
    Code(
        code="MT1804",
        level=Level.ERROR,
        title="agent dials a port that the Service does not have",
        why="Agents dial the Service's port, not the port in the pod. argocd-agent's own Service has port 443 only, "
        "which leads to 8443 in the pod.",
        remedy="Set agent.server.port to a port of the Service, or add the port to the Service.",
    ),
    Code(
        code="MT1805",
        level=Level.ERROR,
        title="Service leads to a port where the principal does not listen",
        why="A Service's port leads to targetPort in the pod, by number or by a container port's name.",
        remedy="Let targetPort name the principal's container port, and that have the port of --listen-port.",
    ),
    Code(
        code="MT1806",
        level=Level.ERROR,
        title="agent without a service account of its own",
        why="A mesh makes a pod's identity of its service account. Without serviceAccountName that is `default`, which "
        "every other pod of the namespace may have as well, and the principal sees an agent called `default`.",
        remedy="Make one ServiceAccount for each agent, named exactly as the agent, and name it in serviceAccountName.",
    ),
    Code(
        code="MT1807",
        level=Level.ERROR,
        title="two agents with one identity",
        why="Agents that share a service account are one agent to the principal: each new stream ends the other's.",
        remedy="Give every agent a service account of its own, and one replica.",
    ),
    Code(
        code="MT1808",
        level=Level.INFO,
        title="Services become environment variables",
        why="Unless `enableServiceLinks: false`, Kubernetes puts variables for every Service of the namespace into the "
        "pod. One of a Service named meshtether-admin is MESHTETHER_ADMIN_PORT=tcp://..., which reads as a setting.",
        remedy="Write enableServiceLinks: false in the pod's spec.",
    ),
    Code(
        code="MT1809",
        level=Level.ERROR,
        title="application runs as the proxy's user",
        why="A sidecar's redirection leaves alone what its own user id sends (1337 in Istio, 2102 in Linkerd): the "
        "application's traffic gets past the mesh, in plaintext and without an identity.",
        remedy="Set securityContext.runAsUser to another user id.",
    ),
    Code(
        code="MT1810",
        level=Level.ERROR,
        title="NetworkPolicy keeps agents out",
        why="Once a NetworkPolicy selects a pod, only what some policy allows gets in. A policy sees the pod's port, "
        "also behind a sidecar; not the Service's port, and not the proxy's.",
        remedy="Allow the principal's port in the pod from the agents' pods.",
    ),
    Code(
        code="MT1811",
        level=Level.INFO,
        title="NetworkPolicy speaks of a port that no packet has",
        why="Ports 15001 and 15006 are where a pod's own redirection leads inside the pod. No NetworkPolicy ever sees "
        "them: it sees the application's port (15008 in ambient mode).",
        remedy="Leave the port out, and allow the application's port.",
    ),
    Code(
        code="MT1812",
        level=Level.ERROR,
        title="NetworkPolicy keeps an agent in",
        why="Once a NetworkPolicy of type Egress selects a pod, only what some policy allows gets out: the principal's "
        "port in its pod, and DNS.",
        remedy="Allow the principal's port and UDP and TCP port 53.",
    ),
    Code(
        code="MT1813",
        level=Level.WARNING,
        title="no NetworkPolicy before the principal",
        why="The principal believes an identity header because only the proxy can reach it. A NetworkPolicy that lets "
        "in agents alone is the second line behind that.",
        remedy="Write a NetworkPolicy for the principal's pods that allows its port from the agents' pods.",
    ),
    Code(
        code="MT1814",
        level=Level.ERROR,
        title="variable points at a ConfigMap's key that is not there",
        why="The kubelet does not start a container whose configMapKeyRef leads nowhere, unless it is optional.",
        remedy="Correct the name or the key, or write the key into the ConfigMap.",
    ),
    Code(
        code="MT1815",
        level=Level.WARNING,
        title="NetworkPolicy lets in more than agents",
        why="Who can open a connection to the principal's pod can try what it does with a forged identity header.",
        remedy="Name the agents' namespace and pods in the rule, and the principal's port.",
    ),
    Code(
        code="MT1816",
        level=Level.WARNING,
        title="object of the intent is not there",
        why="The intent needs an object that is not among the manifests. Where it is kept somewhere else, verify both "
        "together.",
        remedy="Generate it with `meshtether mesh generate`, or add its manifest.",
    ),
    Code(
        code="MT1817",
        level=Level.WARNING,
        title="object differs from the intent",
        why="The manifests say something else than the intent, in a field on which the way from agent to principal "
        "depends.",
        remedy="Correct the manifest, or the intent.",
    ),
    Code(
        code="MT1818",
        level=Level.ERROR,
        title="pod in the host's network",
        why="Meshes inject no sidecar into pods with hostNetwork, and NetworkPolicies do not hold there: the pod has "
        "no identity, and everybody on the node is `localhost`.",
        remedy="Leave hostNetwork out.",
    ),
    Code(
        code="MT1819",
        level=Level.ERROR,
        title="text is wanted, and something else is written",
        why="Arguments, variables, a ConfigMap's settings, labels and annotations are texts, and the API server "
        "refuses anything else. Without quotes YAML reads `- --creds=header:` as a mapping, since it ends in a colon, "
        "`8443` as a number and `true` as a switch.",
        remedy='Put it in quotes: - "--creds=header:", value: "8443".',
    ),
    Code(
        code="MT1820",
        level=Level.ERROR,
        title="nothing limits who writes the identity header",
        why="With --header-peers the principal believes the identity header of whoever reaches its port from those "
        "networks: the kernel cannot vouch for a gateway in pods of its own. Only a NetworkPolicy keeps every other "
        "pod there from claiming to be any agent.",
        remedy="Write a NetworkPolicy for the principal's pods that opens its port to the gateway's pods alone, by "
        "their namespace and labels.",
    ),
    Code(
        code="MT1821",
        level=Level.ERROR,
        title="principal that believes its network is open to the outside",
        why="Callers of a NodePort, a load balancer or an external IP mostly arrive with the address of a node, which "
        "is in the networks of --header-peers: strangers' identity headers would be believed. Only the gateway's own "
        "Service belongs outside.",
        remedy="Write type: ClusterIP into the principal's Service, and let agents dial the gateway.",
    ),
    Code(
        code="MT1822",
        level=Level.ERROR,
        title="route to a port that the Service does not have",
        why="A route's backendRef names a port of the Service, not of its pods. Where the Service has no such port, "
        "the route is not accepted, and calls are answered with 500 or nothing. argocd-agent's own Service has 443.",
        remedy="Write the Service's port at the backendRef.",
    ),
)
