"""Why each finding matters, with an example and its mend: long texts, read only by whoever asks for them.

An example shows the fields that matter, and stands for whole objects: an Access, its Services and its targets. A line
that begins with ``# maxtac`` says how the example is checked, and one that begins with ``$`` is a command.
"""

from __future__ import annotations

from typing import NamedTuple

from maxtac_render.model.catalogue import Code


class Explanation(NamedTuple):
    """What a finding means and what the cluster would make of it; input that provokes it, and the same mended."""

    why: str
    wrong: str
    right: str


EXPLANATIONS = {
    Code.BROKEN_YAML: Explanation(
        "A document that no YAML parser can read says nothing, so nothing of it is used. kubectl refuses it "
        "too. It is an error because an access or a Service may be lost in it: the file was named, or it "
        "mentions maxtac.vtk.io.",
        """\
kind: Access
spec:
  direction: "ingress
""",
        """\
kind: Access
spec:
  direction: "ingress"
""",
    ),
    Code.UNREADABLE_DOCUMENT: Explanation(
        "A file found below a directory is no YAML that Kubernetes would take, and nothing in it mentions "
        "MaxTac's group: most likely a template, or a file of another tool. It is said once for a file, and "
        "does not stop the work.",
        """\
{{ if .Values.enabled }}
kind: ConfigMap
""",
        """\
$ maxtac check --exclude templates/
""",
    ),
    Code.OVER_LIMIT: Explanation(
        "A few lines of YAML can be made to unfold into more than a machine can hold, through aliases that "
        "refer to aliases, or through nesting without end. Such a document is left out as a whole, as the API "
        "server would refuse it.",
        """\
a: &a [x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b]
# and so on
""",
        """\
a: [x]
""",
    ),
    Code.DUPLICATE_KEY: Explanation(
        "When a key stands twice in one mapping, readers disagree about which one counts: one reviewer sees "
        "the first, the compiler takes the last, and the API server refuses the object when fields are "
        "validated strictly, as kubectl asks it to.",
        """\
kind: Access
spec:
  direction: ingress
  direction: egress
""",
        """\
kind: Access
spec:
  direction: egress
""",
    ),
    Code.STUCK_OBJECT: Explanation(
        "What is passed through stays as it is, byte for byte. This object has to be left out of it: it was rendered "
        "before, or it is for tools only. But it is a part of a document, and cannot be taken out of that without "
        "changing something else.",
        """\
apiVersion: v1
kind: List
items:
  - &web {apiVersion: v1, kind: Service, metadata: {name: web}}
  - *web
""",
        """\
apiVersion: v1
kind: Service
metadata: {name: web}
""",
    ),
    Code.SKIPPED_LINK: Explanation(
        "A symbolic link that leads out of the source could bring in anything that the machine has, so links "
        "are followed within their source only. What lies behind this one was not read.",
        """\
# deploy/shared -> ../../shared
$ maxtac check deploy/
""",
        """\
$ maxtac check deploy/ ../shared/
""",
    ),
    Code.NOT_INSTALLED: Explanation(
        "The API server does not know one of MaxTac's four kinds, so the cluster has no object of it. If others are "
        "installed this may be on purpose. maxtac render asks for at least one of the four.",
        """\
$ maxtac list live:
""",
        """\
$ maxtac manifests crds | kubectl apply --server-side -f -
""",
    ),
    Code.BEING_DELETED: Explanation(
        "Somebody has deleted the resource, and something else still has to finish before it is gone. What it "
        "opened is closed at once, and its pods stay isolated until it is gone.",
        """\
kind: Access
metadata:
  name: web-in
  namespace: shop
  deletionTimestamp: "2027-01-01T00:00:00Z"
  finalizers:
    - example.com/audit
""",
        """\
kind: Access
""",
    ),
    Code.UNKNOWN_KIND: Explanation(
        "The object belongs to MaxTac's group, but its kind or version is none that MaxTac has. The API "
        "server refuses it, so it never has any effect.",
        """\
kind: ClusterAcess
""",
        """\
kind: ClusterAccess
metadata:
  namespace: null
""",
    ),
    Code.OTHER_GROUP: Explanation(
        "Other projects have kinds of the same name, so a kind alone does not say that MaxTac's is meant; the "
        "apiVersion does. The object is passed over, and the MaxTac controller never sees it.",
        """\
apiVersion: access.example.com/v1
kind: Access
metadata:
  name: web-in
  namespace: shop
""",
        """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  name: web-in
  namespace: shop
spec:
  serviceSelector:
    matchLabels:
      app: web
  targets:
    - serviceName: cart
      namespace: shop
  direction: ingress
""",
    ),
    Code.UNKNOWN_FIELD: Explanation(
        "The API server drops fields that it does not know, mostly without a word. A slip in the name of a "
        "field therefore has the effect of leaving it out: an access with a misspelt duration stays open for "
        "ever.",
        """\
kind: Access
spec:
  duraton: 30d
""",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-01-31T12:00:00Z"
spec:
  duration: 30d
""",
    ),
    Code.SCHEMA: Explanation(
        "In a resource in which something is wrong already, its schema refuses something else too. maxtac check "
        "asks the schema only then: in all other resources the compiler's own rules have found nothing.",
        """\
kind: Access
spec:
  serviceSelector: {}
  direction: up
status: none
""",
        """\
kind: Access
spec:
  serviceSelector: {}
  direction: ingress
""",
    ),
    Code.WRONG_TYPE: Explanation(
        "A value has another type than its field must have, such as a text where a list is expected. The API "
        "server refuses the object; here it counts as if the field were not there, and nothing is opened "
        "because of it.",
        """\
kind: Access
spec:
  targets: cart
""",
        """\
kind: Access
spec:
  targets:
    - serviceName: cart
      namespace: shop
""",
    ),
    Code.INVALID_NAME: Explanation(
        "Kubernetes takes only DNS names for objects and namespaces. An object whose name it refuses exists "
        "in no cluster, and so cannot be selected or named as a target.",
        """\
kind: Service
metadata:
  name: Web_Shop
""",
        """\
kind: Service
metadata:
  name: web-shop
""",
    ),
    Code.MISSING_NAMESPACE: Explanation(
        "Which pods a policy governs depends on its namespace. Where an object names none, kubectl uses the "
        "one of whoever applies it, and a compiler cannot know that. A guess could isolate the wrong pods, so "
        "the object is left out.",
        """\
kind: Access
metadata:
  namespace: null
""",
        """\
kind: Access
metadata:
  namespace: shop
""",
    ),
    Code.NAMESPACE_IGNORED: Explanation(
        "ClusterAccess and ClusterExternalAccess belong to no namespace: they select Services everywhere, "
        "whatever metadata.namespace says. Whoever wrote one may believe that it limits them.",
        """\
kind: ClusterAccess
metadata:
  namespace: shop
""",
        """\
kind: ClusterAccess
metadata:
  namespace: null
""",
    ),
    Code.DUPLICATE_OBJECT: Explanation(
        "Two different objects of one kind, namespace and name: in a cluster the one that is applied last "
        "wins. Here one is kept by its content, the same one in whatever order they are read, but hardly "
        "anybody meant that.",
        """\
kind: Access
spec:
  direction: ingress
---
kind: Access
spec:
  direction: egress
""",
        """\
kind: Access
spec:
  direction: all
""",
    ),
    Code.IDENTICAL_COPY: Explanation(
        "The same object stands in the input twice, word for word. That does no harm until somebody changes "
        "one of them.",
        """\
kind: Access
spec:
  direction: ingress
---
kind: Access
spec:
  direction: ingress
""",
        """\
kind: Access
spec:
  direction: ingress
""",
    ),
    Code.UNQUOTED_VALUE: Explanation(
        "Labels, annotations and selectors hold texts only. Without quotes, YAML reads yes, on, true and 1.0 "
        "as booleans or numbers, and the API server refuses the object. MaxTac's own examples write labels "
        "this way, so the text is taken as it stands, and you are told.",
        """\
kind: Service
metadata:
  labels:
    app: web
    public: yes
""",
        """\
kind: Service
metadata:
  labels:
    app: web
    public: "yes"
""",
    ),
    Code.MISSING_SELECTOR: Explanation(
        "Without a serviceSelector a resource selects nothing and has no effect at all. That is not what an "
        "empty selector says: {} selects every Service.",
        """\
kind: Access
spec:
  serviceSelector: null
""",
        """\
kind: Access
spec:
  serviceSelector:
    matchLabels:
      app: web
""",
    ),
    Code.INVALID_POLICY: Explanation(
        "The API server refuses the whole policy, so that none of its pods would be isolated by it. It is left out of "
        "every answer about what is open, as it would be left out of the cluster.",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  ingress:
    - from:
        - {}
""",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
""",
    ),
    Code.STALE: Explanation(
        "Rendered policies lie in the input beside the intents that they come from, and are not what these render to: "
        "somebody changed one and not the other. Every answer is about the fresh render.",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-dns-app-web-83c2f1d0
  namespace: shop
  labels:
    app.kubernetes.io/managed-by: maxtac-render
  annotations:
    render.maxtac.vtk.io/baseline: dns
spec:
  podSelector: {}
""",
        """\
$ maxtac render --output-dir policies
""",
    ),
    Code.NOT_APPLIED: Explanation(
        "The resource comes from a cluster, as its creation tells, and policies that it asks for do not. Answers are "
        "about the cluster as it would be with them; until somebody applies them, their pods are open.",
        """\
kind: Access
metadata:
  name: web-in
  namespace: shop
  creationTimestamp: "2026-12-01T00:00:00Z"
""",
        """\
kind: Access
""",
    ),
    Code.OTHER_SET: Explanation(
        "A policy of another set has the name of one that is rendered, and says something else. Only one of them can "
        "be there; the one that is counts.",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-in--shop-web---cart-shop-ing
  namespace: shop
  labels:
    app.kubernetes.io/managed-by: maxtac-render
    render.maxtac.vtk.io/set: shop
  annotations:
    render.maxtac.vtk.io/source: Access/shop/web-in
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes:
    - Ingress
---
kind: Access
""",
        """\
kind: Access
""",
    ),
    Code.CONTROLLER_POLICY: Explanation(
        "The input has a policy with the labels of the MaxTac controller and the name of one that is rendered. In a "
        "cluster in which the controller runs, or ran, that is so for every Access. What is there counts: the ports "
        "of the controller's may be others.",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-in--shop-web---cart-shop-ing
  namespace: shop
  labels:
    maxtac.vtk.io.access/owner: web-in
    maxtac.vtk.io.access/serviceOwnerName: web
    maxtac.vtk.io.access/serviceOwnerNamespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes:
    - Ingress
""",
        """\
kind: Access
""",
    ),
    Code.STALE_ALLOW: Explanation(
        "The policy has the labels of the MaxTac controller, and no resource asks for it any more. The controller "
        "removes a policy only when the Service is gone that it was made for, so that a target, a direction, a label "
        "or a mirror that was taken back stays open.",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-in--shop-web---legacy-shop-ing
  namespace: shop
  labels:
    maxtac.vtk.io.access/owner: web-in
    maxtac.vtk.io.access/serviceOwnerName: web
    maxtac.vtk.io.access/serviceOwnerNamespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: legacy
""",
        """\
kind: Access
""",
    ),
    Code.HOST_NETWORK: Explanation(
        "A pod with hostNetwork has its node's address, and Kubernetes leaves open what policies do with it. Most "
        "network plugins do not tell it from the node: policies do not govern it, and rules that select pods do not "
        "mean it, but address blocks do. Answers take it for a pod like others, unless hostNetwork is set to node.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: shop, labels: {app: probe}}
spec:
  hostNetwork: true
  containers:
    - name: main
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: probe, namespace: shop}
spec:
  podSelector: {matchLabels: {app: probe}}
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: shop, labels: {app: probe}}
spec:
  containers:
    - name: main
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: probe, namespace: shop}
spec:
  podSelector: {matchLabels: {app: probe}}
""",
    ),
    Code.INVALID_SELECTOR: Explanation(
        "The API server would refuse this selector: a label that cannot exist, an operator that there is not, "
        "or values where none belong. It selects nothing here, because every guess at what was meant could "
        "select too much.",
        """\
kind: Access
spec:
  serviceSelector:
    matchExpressions:
      - {key: app, operator: Equals, values: [web]}
""",
        """\
kind: Access
spec:
  serviceSelector:
    matchExpressions:
      - {key: app, operator: In, values: [web]}
""",
    ),
    Code.MISSING_DIRECTION: Explanation(
        "Neither the resource nor an annotation of the Service says which side of the connection is meant. "
        "The MaxTac controller writes a line into its log and makes no policy, so the pods stay as open as "
        "they were.",
        """\
kind: Access
spec:
  direction: null
""",
        """\
kind: Access
spec:
  direction: ingress
""",
    ),
    Code.BAD_DIRECTION: Explanation(
        "The direction is no word that MaxTac knows; blanks around it count. Since somebody wanted these pods "
        "isolated, both directions are, and nothing is opened. The MaxTac controller makes no policy.",
        """\
kind: Access
spec:
  direction: inbound
""",
        """\
kind: Access
spec:
  direction: ingress
""",
    ),
    Code.DIRECTION_CASE: Explanation(
        "Directions may be written in any case here. The MaxTac controller takes them so too, but for an "
        "Access it then makes a policy without rules, which denies all ingress. In lower case both agree.",
        """\
kind: Access
spec:
  direction: Ingress
""",
        """\
kind: Access
spec:
  direction: ingress
""",
    ),
    Code.MISSING_TARGETS: Explanation(
        "Neither the resource nor an annotation of the Service names anybody to talk to. The MaxTac "
        "controller writes a line into its log and makes no policy, so the pods stay as open as they were.",
        """\
kind: Access
spec:
  targets: []
""",
        """\
kind: Access
spec:
  targets:
    - serviceName: cart
      namespace: shop
""",
    ),
    Code.EMPTY_ANNOTATION: Explanation(
        "An annotation of a Service overrides the spec, also when it is empty: then nothing is left. The "
        "Service gets no policy, although the resource seems to say what is wanted.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/direction: ""
""",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/direction: ingress
""",
    ),
    Code.MALFORMED_TARGET: Explanation(
        "The target cannot be taken apart into a Service and its namespace. Nothing is opened to it, and the "
        "pods stay isolated. In an annotation the Service stands first, and pairs are separated by "
        "semicolons.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: cart.shop
""",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: cart,shop
""",
    ),
    Code.WRONG_ANNOTATION: Explanation(
        "Addresses stand in an annotation for Services, or Services in one for addresses. The two have names "
        "that are easily mixed up; MaxTac's README does so once. Nothing is opened, because the value means "
        "nothing there.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: 10.0.0.0-8
""",
        """\
kind: ExternalAccess
---
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.externalaccess/targets: 10.0.0.0-8
""",
    ),
    Code.UNKNOWN_ANNOTATION: Explanation(
        "The annotation is under a prefix of MaxTac or of this compiler, but neither reads it there: most "
        "likely a slip, or a key that belongs on the other object. It has no effect.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/target: cart,shop
""",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: cart,shop
""",
    ),
    Code.UNMATCHED_ANNOTATION: Explanation(
        "An annotation says something for the resources that select its Service, and none of that kind does. "
        "It opens and closes nothing: the Service may be less protected, or less reachable, than it looks.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.externalaccess/direction: ingress
""",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/direction: ingress
""",
    ),
    Code.IGNORED_ANNOTATION: Explanation(
        "Whoever may edit a Service can widen an access by an annotation. With --annotations narrow it can "
        "only take away, with ignore it does nothing; this is what it would have added. The MaxTac controller "
        "knows no such limit.",
        """\
# maxtac check --annotations narrow
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: ledger,bank
""",
        """\
# maxtac check --annotations narrow
kind: Access
spec:
  targets:
    - serviceName: ledger
      namespace: bank
---
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: ledger,bank
""",
    ),
    Code.SWAPPED_PAIR: Explanation(
        "MaxTac's README writes the namespace first, and its controller reads the Service first; its examples "
        "use equal names, so that nobody notices. Here the pair fits only the other way round, and is read "
        "so. The controller finds nothing.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: bank,ledger
""",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: ledger,bank
""",
    ),
    Code.AMBIGUOUS_PAIR: Explanation(
        "Both readings of the pair name a Service that there is. The Service's name is taken to stand first, "
        "as the MaxTac controller does. Somebody who followed the README meant the other one.",
        """\
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.access/targets: ledger,bank
---
kind: Service
metadata:
  name: bank
  namespace: ledger
""",
        """\
kind: Access
spec:
  targets:
    - serviceName: ledger
      namespace: bank
---
kind: Service
metadata:
  name: bank
  namespace: ledger
""",
    ),
    Code.MISSING_TARGET: Explanation(
        "No Service of that name is in the input, so its pods and ports are not known. Nothing is opened to "
        "it; the pods stay isolated. The MaxTac controller leaves the target out with a line in its log.",
        """\
kind: Access
spec:
  targets:
    - serviceName: crat
      namespace: shop
""",
        """\
kind: Access
spec:
  targets:
    - serviceName: cart
      namespace: shop
""",
    ),
    Code.SELECTORLESS_SERVICE: Explanation(
        "A Service without a selector stands for addresses that somebody else keeps: an ExternalName, or "
        "endpoints made by hand. NetworkPolicies select pods by labels, and there are none to go by.",
        """\
kind: Service
metadata:
  name: cart
spec:
  selector: null
""",
        """\
kind: Service
metadata:
  name: cart
spec:
  selector:
    app: cart
""",
    ),
    Code.NO_PORTS: Explanation(
        "A rule opens the ports of the Service that receives the connection, and this one has none. In a "
        "NetworkPolicy an empty list of ports means all of them, so no rule is made. The MaxTac controller "
        "skips such a Service.",
        """\
kind: Service
spec:
  ports: []
""",
        """\
kind: Service
spec:
  ports:
    - port: 80
      targetPort: 8080
""",
    ),
    Code.BAD_PORT: Explanation(
        "The API server would refuse this port, or nothing could be opened by it. It is left out; the other "
        "ports stay.",
        """\
kind: Service
spec:
  ports:
    - port: 80
      targetPort: 80800
""",
        """\
kind: Service
spec:
  ports:
    - port: 80
      targetPort: 8080
""",
    ),
    Code.BAD_CIDR: Explanation(
        "This is no address range that the API server takes in a NetworkPolicy. Nothing is opened, and the "
        "pods stay isolated. In an annotation the prefix length follows a hyphen or a slash; in the spec only "
        "a slash.",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.0.0.0/33
""",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.0.0.0/8
""",
    ),
    Code.HOST_BITS: Explanation(
        "The address has bits set beyond its prefix, so it names a host and a range at once. The API server "
        "refuses such a CIDR in newer versions, and so the MaxTac controller's policy. Here it is read as the "
        "range that holds the address, which may be more than the host that was meant.",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.1.2.3/8
""",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.0.0.0/8
""",
    ),
    Code.BARE_IP: Explanation(
        "An address without a prefix length is read as that address alone. The MaxTac controller writes it "
        "into its policy as it is, and the API server refuses that policy.",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.1.2.3
""",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.1.2.3/32
""",
    ),
    Code.DUPLICATE_TARGET: Explanation(
        "The same target stands in one list twice. It makes one policy, as two would share their name.",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.0.0.0/8
    - 10.0.0.0/8
""",
        """\
kind: ExternalAccess
spec:
  targetCIDRs:
    - 10.0.0.0/8
""",
    ),
    Code.NO_SERVICE: Explanation(
        "No Service in the input has the labels that the resource asks for, so there is nobody to isolate or "
        "to open anything for. It selects Services by the labels of the Service itself, not by those of the "
        "pods.",
        """\
kind: Access
spec:
  serviceSelector:
    matchLabels:
      app: wbe
""",
        """\
kind: Access
spec:
  serviceSelector:
    matchLabels:
      app: web
""",
    ),
    Code.MIRRORED_IGNORED: Explanation(
        "Only a ClusterAccess may make the matching policy on its targets' side. The API server drops the "
        "field from the other kinds, so that the targets stay as they are.",
        """\
kind: Access
spec:
  mirrored: true
""",
        """\
kind: ClusterAccess
metadata:
  namespace: null
spec:
  mirrored: true
""",
    ),
    Code.MEANT_CLUSTER_ACCESS: Explanation(
        "MaxTac's README writes this, from before Access belonged to a namespace. The API server drops "
        "mirrored and takes a namespaced Access, which selects other Services and makes no mirrors. What was "
        "meant is a ClusterAccess.",
        """\
kind: Access
metadata:
  namespace: null
spec:
  mirrored: true
""",
        """\
kind: ClusterAccess
metadata:
  namespace: null
spec:
  mirrored: true
""",
    ),
    Code.BAD_DURATION: Explanation(
        "The duration cannot be read, or is not positive. The MaxTac controller then never ends the access: "
        "it fails open. Here the rules are left out until it is mended.",
        """\
kind: Access
spec:
  duration: 2 weeks
""",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-01-31T12:00:00Z"
spec:
  duration: 14d
""",
    ),
    Code.BAD_DEADLINE: Explanation(
        "The annotation that ends the access is no RFC 3339 time with a time zone, so that nobody knows when "
        "that is. The rules are left out until it is mended.",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: 31 January 2027
""",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-01-31T12:00:00Z"
""",
    ),
    Code.UNANCHORED_DURATION: Explanation(
        "A duration counts from somewhere. In a cluster that is the time of creation; a file has none, and a "
        "GitOps tool that re-creates the resource begins anew each time, for ever. Without a moment to count "
        "from, the rules are left out.",
        """\
kind: Access
spec:
  duration: 30d
""",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-01-31T12:00:00Z"
spec:
  duration: 30d
""",
    ),
    Code.EXPIRED: Explanation(
        "The access is past its deadline. Its rules are gone and its isolation is kept, so that nothing opens "
        "by ending; with --expired remove its policies go too. The MaxTac controller deletes the resource.",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2026-06-30T12:00:00Z"
""",
        """\
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-06-30T12:00:00Z"
""",
    ),
    Code.EXPIRING: Explanation(
        "The access ends within the time that --expiring-within asks about. Nothing has happened yet: this is "
        "the moment to prolong it or to let it go, before somebody finds a connection cut.",
        """\
# maxtac check --expiring-within 7d
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-01-03T12:00:00Z"
""",
        """\
# maxtac check --expiring-within 7d
kind: Access
metadata:
  annotations:
    maxtac.vtk.io/expires-at: "2027-07-03T12:00:00Z"
""",
    ),
    Code.COMPAT_IGNORES: Explanation(
        "With --compat controller the policies are those that the MaxTac controller would make, and it does "
        "not read this annotation. The access is then wider than the annotation says.",
        """\
# maxtac check --compat controller
kind: ExternalAccess
metadata:
  annotations:
    render.maxtac.vtk.io/ports: 443/TCP
""",
        """\
kind: ExternalAccess
metadata:
  annotations:
    render.maxtac.vtk.io/ports: 443/TCP
""",
    ),
    Code.UNUSED_IGNORE: Explanation(
        "A comment asks to ignore a finding that is not there: it was mended, or the comment stands on the "
        "wrong line. Left in place, it would hide the finding when it comes back.",
        """\
kind: Access
spec:
  direction: ingress # maxtac: ignore[direction-case] as the generator writes it
""",
        """\
kind: Access
spec:
  direction: ingress
""",
    ),
    Code.BAD_IGNORE: Explanation(
        "A comment that ignores a finding names its id and says why, so that the next reader can judge "
        "whether that still holds. One that does not is not heard.",
        """\
kind: Access
spec:
  direction: Ingress # maxtac: ignore[direction-case]
""",
        """\
kind: Access
spec:
  direction: Ingress # maxtac: ignore[direction-case] as the generator writes it
""",
    ),
    Code.NO_INTENTS: Explanation(
        "The input has no MaxTac resource at all. That is nearly always a wrong path or a build that produced "
        "nothing, and an empty result that is applied with pruning removes every policy there was. So it is "
        "an error.",
        """\
$ maxtac check deploy/servcies/
""",
        """\
$ maxtac check deploy/
""",
    ),
    Code.NO_POLICIES: Explanation(
        "There are MaxTac resources, and all of them together make not one policy. Applied with pruning, that "
        "would remove every policy there was, so it is an error.",
        """\
kind: Access
spec:
  serviceSelector:
    matchLabels:
      app: wbe
""",
        """\
kind: Access
spec:
  serviceSelector:
    matchLabels:
      app: web
""",
    ),
    Code.POLICY_TAKEN: Explanation(
        "The input has a NetworkPolicy of the name that a rendered one gets, and it is not one that this run may "
        "replace: it carries no mark of ours, or that of another set. Two objects cannot have one name, and "
        "whichever were dropped, somebody's firewall would be gone. In a cluster a policy is ours to write only if "
        "this set's apply, or its watch, has written it; maxtac adopt takes others over.",
        """\
kind: NetworkPolicy
metadata:
  name: web-in--shop-web---cart-shop-ing
  namespace: shop
""",
        """\
kind: NetworkPolicy
metadata:
  name: allow-cart
  namespace: shop
""",
    ),
    Code.MOVED_POLICY: Explanation(
        "Something put a policy into another namespace after it was made, most likely the namespace transformer of "
        "kustomize. It changes metadata.namespace and no rule, so the peers are still those of the old namespace, "
        "which may be somebody else's.",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-in
  namespace: outer
  labels:
    app.kubernetes.io/managed-by: maxtac-render
    render.maxtac.vtk.io/set: prod
  annotations:
    render.maxtac.vtk.io/peer: shop/cart
    render.maxtac.vtk.io/service: shop/web
    render.maxtac.vtk.io/source: Access/shop/web-in
spec:
  podSelector: {}
""",
        """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-in
  namespace: shop
  labels:
    app.kubernetes.io/managed-by: maxtac-render
    render.maxtac.vtk.io/set: prod
  annotations:
    render.maxtac.vtk.io/peer: shop/cart
    render.maxtac.vtk.io/service: shop/web
    render.maxtac.vtk.io/source: Access/shop/web-in
spec:
  podSelector: {}
""",
    ),
    Code.POLICIES_WITHOUT_INTENTS: Explanation(
        "A function or a filter gives back all that is to stay. If its input was filtered, so that it sees policies "
        "that it rendered before and none of the resources they were rendered from, what it gives back would "
        "take a firewall away. Where all resources have really gone, lower the rule for that run.",
        """\
$ kpt fn eval --match-kind NetworkPolicy --exec maxtac-render-krm
""",
        """\
$ kpt fn eval --exec maxtac-render-krm
""",
    ),
    Code.MIRROR_LEFT_OUT: Explanation(
        "A mirror isolates pods in the namespace of its target, and --mirror-namespaces says where that may "
        "happen. This target lies elsewhere: our side is opened, and theirs is left as it is.",
        """\
# maxtac check --mirror-namespaces shop
kind: ClusterAccess
spec:
  mirrored: true
  targets:
    - serviceName: ledger
      namespace: bank
""",
        """\
# maxtac check --mirror-namespaces shop,bank
kind: ClusterAccess
spec:
  mirrored: true
  targets:
    - serviceName: ledger
      namespace: bank
""",
    ),
    Code.MIRROR_BY_ANNOTATION: Explanation(
        "An annotation of a Service names a target in another namespace, and the resource makes mirrors. So "
        "whoever may edit this Service isolates pods of a namespace in which they may do nothing else.",
        """\
kind: ClusterAccess
spec:
  mirrored: true
---
kind: Service
metadata:
  annotations:
    maxtac.vtk.io.clusteraccess/targets: ledger,bank
""",
        """\
kind: ClusterAccess
spec:
  mirrored: true
  targets:
    - serviceName: ledger
      namespace: bank
""",
    ),
    Code.MIRROR_KUBE_SYSTEM: Explanation(
        "The mirror isolates pods of kube-system. If these are the cluster's DNS, then nobody but the subject "
        "can ask for names any more, in the whole cluster.",
        """\
kind: ClusterAccess
spec:
  mirrored: true
  targets:
    - serviceName: kube-dns
      namespace: kube-system
""",
        """\
kind: ClusterAccess
spec:
  mirrored: false
  targets:
    - serviceName: kube-dns
      namespace: kube-system
""",
    ),
    Code.NAME_CUT: Explanation(
        "The name that the policy should have is too long for Kubernetes, or no name at all. It becomes a "
        "part of it and a hash, which stays the same from run to run. The API server would refuse the plain "
        "name.",
        """\
kind: Access
metadata:
  name: "every-web-server-of-the-shop-every-web-server-of-the-shop-every-web-server-of-the-shop-\\
    every-web-server-of-the-shop-every-web-server-of-the-shop-every-web-server-of-the-shop-\\
    every-web-server-of-the-shop-every-web-server-of-the-shop"
""",
        """\
kind: Access
metadata:
  name: web-in
""",
    ),
    Code.NAME_COLLISION: Explanation(
        "Names are put together from parts, and different parts can give the same whole. The MaxTac "
        "controller would rewrite one policy with the other without end. Here every one of them gets a hash "
        "of what it is, and all are kept.",
        """\
kind: Access
---
kind: ClusterAccess
metadata:
  name: web-in
""",
        """\
kind: Access
---
kind: ClusterAccess
metadata:
  name: web-everywhere
""",
    ),
    Code.LONG_NAME: Explanation(
        "Kubernetes allows 253 characters for the name of a policy. Some network plugins have room for 63 and "
        "ignore a policy with a longer one, which leaves the pods open.",
        """\
kind: Access
metadata:
  name: every-web-server-of-the-shop-in-production
""",
        """\
$ maxtac check --names short
""",
    ),
    Code.LABEL_CUT: Explanation(
        "A label's value has at most 63 characters. The MaxTac controller writes the full name and gets no "
        "policy at all from the API server; here the value is cut and hashed, and the full name stands in an "
        "annotation.",
        """\
kind: Access
metadata:
  name: every-web-server-of-the-shop-in-production-and-in-the-test-environment
""",
        """\
kind: Access
metadata:
  name: web-in
""",
    ),
    Code.EGRESS_WITHOUT_DNS: Explanation(
        "Pods whose egress is closed cannot ask for names unless a rule lets them, so they do not even find "
        "what they may talk to. None of the policies rendered here has such a rule for them; perhaps one from "
        "elsewhere does.",
        """\
kind: Access
spec:
  direction: egress
""",
        """\
$ maxtac check --baseline dns
""",
    ),
    Code.EXTERNAL_EGRESS_EVERY_PORT: Explanation(
        "The ports of an address outside are not known, so all of them are open. The MaxTac controller opens "
        "the ports of the Service that calls instead, which is hardly ever what the other side listens on.",
        """\
kind: ExternalAccess
spec:
  direction: egress
""",
        """\
kind: ExternalAccess
metadata:
  annotations:
    render.maxtac.vtk.io/ports: 443/TCP
spec:
  direction: egress
""",
    ),
    Code.CLIENT_REWRITTEN: Explanation(
        "A NodePort or LoadBalancer may pass a connection on from one node to another, and then the pod sees "
        "the address of a node and not that of the client. A rule for the client's address does not match, "
        "and the client is cut.",
        """\
kind: ExternalAccess
---
kind: Service
spec:
  type: LoadBalancer
""",
        """\
kind: ExternalAccess
---
kind: Service
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
""",
    ),
    Code.OVERLAPPING_SERVICES: Explanation(
        "NetworkPolicies isolate pods and not Services. These pods stand behind another Service too, which no "
        "resource selects: its clients are cut as soon as the pods are isolated.",
        """\
kind: Service
metadata:
  name: web-metrics
  labels:
    app: metrics
spec:
  selector:
    app: web
""",
        """\
kind: Service
metadata:
  name: web-metrics
  labels:
    app: metrics
spec:
  selector:
    app: web-metrics
""",
    ),
    Code.INVALID_TEST: Explanation(
        "A test that cannot be read proves nothing. It is not run, the other tests are, and the command "
        "fails: a gate with a hole in it is worse than none.",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: allowed
""",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: allow
""",
    ),
    Code.NO_TESTS: Explanation(
        "A file of tests without a test, or a directory without a file of tests, passes whatever the policies "
        "are. Most likely another file was meant.",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests: []
""",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: allow
""",
    ),
    Code.EMPTY_TEST: Explanation(
        "A test that names nobody would hold for ever: nothing reaches a pod that is not there. It happens "
        "when a workload is renamed and its tests are not, or when a port's name is no container's, so it "
        "fails.",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/carts
      to: shop/web
      ports: 8080
      expect: allow
""",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: allow
""",
    ),
    Code.SKIPPED_TEST: Explanation(
        "Tests of netassert are run in a cluster, which resolves the names of hosts. Policies know addresses "
        "only, so what they mean for a name cannot be told from files. The test counts neither as passed nor "
        "as failed; --fail-on warning makes it count.",
        """\
- name: web-calls-mail
  type: k8s
  protocol: tcp
  targetPort: 25
  exitCode: 0
  src:
    k8sResource: {kind: deployment, name: web, namespace: shop}
  dst:
    host: {name: mail.example.com}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
""",
        """\
- name: web-calls-mail
  type: k8s
  protocol: tcp
  targetPort: 25
  exitCode: 0
  src:
    k8sResource: {kind: deployment, name: web, namespace: shop}
  dst:
    host: {name: 192.0.2.25}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
""",
    ),
    Code.UNDECLARED_PODS: Explanation(
        "A test can be about any pods with some labels, also those that nobody has declared. But where other "
        "pods are known and none of them has these labels, it is most likely a slip, and a test of what must "
        "not connect would pass for the wrong reason.",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/{app=carts}
      to: shop/web
      ports: 8080
      expect: allow
""",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/{app=cart}
      to: shop/web
      ports: 8080
      expect: allow
""",
    ),
    Code.SERVICE_PORT: Explanation(
        "A connection to a Service reaches a pod at the port behind it, and that is the one that policies are "
        "about. A test of the port of the Service is about one at which nobody listens: it may hold, and says "
        "nothing about the other.",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 80
      expect: allow
""",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: allow
""",
    ),
    Code.ASSERTION_FAILED: Explanation(
        "What the policies mean is not what the test states: something can connect that must not, or "
        "something cannot, or may not, that must. What hangs on labels that nobody knows fails either way. "
        "The finding names the first connections, and which policy is the reason on which side.",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: deny
""",
        """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: ConnectionTest
spec:
  tests:
    - name: the cart calls the web
      from: shop/cart
      to: shop/web
      ports: 8080
      expect: allow
""",
    ),
    Code.FLOW_DROPPED: Explanation(
        "Somebody was seen talking to somebody, and with these policies that would end. Either it is meant "
        "to, or the policies close what is still needed. Replies are not judged, nor what was dropped "
        "already; a flow between pods passes if the egress of the one and the ingress of the other let it.",
        """\
# bank/ledger lets in shop/web only, and shop/cart was seen calling it
$ hubble observe -o jsonpb | maxtac test --flows - -f deploy/
""",
        """\
# bank/ledger lets in shop/web and shop/cart
$ hubble observe -o jsonpb | maxtac test --flows - -f deploy/
""",
    ),
    Code.FLOW_UNCERTAIN: Explanation(
        "A pod that is not in the sources is known by what the observer tells of it, and Cilium may be set up "
        "to leave out some labels. Where a policy asks for a label that was not seen, the flow may pass or "
        "not.",
        """\
# shop/old was seen, without a label tier, and bank/ledger lets in tier=front
$ hubble observe -o jsonpb | maxtac test --flows - -f deploy/
""",
        """\
# deploy/ has the pods of shop/old too
$ hubble observe -o jsonpb | maxtac test --flows - -f deploy/
""",
    ),
    Code.FLOWS_UNJUDGED: Explanation(
        "Of these flows it cannot be told whether they would be dropped: one end is neither in the sources "
        "nor known by labels, the observer lost events or did not tell replies apart, or there were too many "
        "connections to tell apart. That none of the others would be dropped says nothing about them.",
        """\
# the observer lost 123 events
$ maxtac test --flows flows.jsonl -f deploy/
""",
        """\
# observe less at once
$ hubble observe -o jsonpb --namespace shop | maxtac test --flows - -f deploy/
""",
    ),
    Code.BAD_FLOW: Explanation(
        "A line is no JSON, or no flow as Hubble prints one, so that something that was observed is not "
        "judged. The other lines are. Other output formats of hubble observe are for people.",
        """\
$ hubble observe | maxtac test --flows - -f deploy/
""",
        """\
$ hubble observe -o jsonpb | maxtac test --flows - -f deploy/
""",
    ),
    Code.FIRST_ISOLATION: Explanation(
        "A pod that no policy selects is open. The first policy that selects it closes it, whatever it opens: "
        "everything that it does not name is cut, health checks of other tools and scrapes of metrics among it. It "
        "is said once for each author, for pods that are in the input, so that nobody closes more than they meant.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: http}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: http}]
""",
    ),
    Code.ONE_SIDED: Explanation(
        "A connection needs both its sides: egress of the source and ingress of the target. Where one side opens "
        "it and the other is closed by policies none of which lets it in, not one packet passes, although the rule "
        "looks as if it did.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-out, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-out, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: http}]
""",
    ),
    Code.INTENT_DEFEATED: Explanation(
        "The intent opens one side of the connection. The pods on the other side are closed by another policy, and "
        "none lets them through, so that what was asked for does not happen.",
        """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {name: web-in, namespace: shop}
spec:
  serviceSelector: {matchLabels: {app: web}}
  targets: [{serviceName: cart, namespace: shop}]
  direction: ingress
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Egress]
""",
        """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {name: web-in, namespace: shop}
spec:
  serviceSelector: {matchLabels: {app: web}}
  targets: [{serviceName: cart, namespace: shop}]
  direction: ingress
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: web}}}]
""",
    ),
    Code.UNREACHABLE_PORT: Explanation(
        "The pods behind the Service are closed, and no policy lets anybody in on this port, from within the "
        "cluster or from outside. Either an access is missing, or the port is not needed any more.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 8080}]
""",
    ),
    Code.SELECTS_NOTHING: Explanation(
        "A policy whose selector matches no pod is enforced for nobody. Most often a label is misspelt or has "
        "changed, and the pods that were to be closed are open. It is said only where the input knows pods of the "
        "namespace.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: wbe}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
    ),
    Code.REDUNDANT_POLICY: Explanation(
        "Policies add up. Where others isolate the same pods and open at least as much, this one has no effect: "
        "whoever removes access by editing it will find that nothing changes.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-again, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
    ),
    Code.REDUNDANT_RULE: Explanation(
        "Rules add up. Where others open at least as much for the same pods, this one has no effect: whoever "
        "removes access by editing it will find that nothing changes.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
    - from: [{podSelector: {}}]
      ports: [{port: http}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
    ),
    Code.OPEN_TO_EVERYONE: Explanation(
        "A rule without peers, or without any limit to them, means everyone, and without ports every port. As "
        "policies add up, no other policy can take that back.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
    ),
    Code.PUBLIC_CIDR: Explanation(
        "The block holds addresses of the public internet. That is right for what serves the public, and worth a "
        "look for everything else.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{ipBlock: {cidr: 8.8.8.0/24}}]
      ports: [{port: http}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{ipBlock: {cidr: 10.8.8.0/24}}]
      ports: [{port: http}]
""",
    ),
    Code.OVERLAPPING_CIDRS: Explanation(
        "One block lies within another that is open for the same pods on the same ports, so that it changes "
        "nothing. If it was meant to be closed, only an exception of the wider block does that.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 10.8.8.0/24}}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.8.8.0/24]}}]
""",
    ),
    Code.UNKNOWN_PORT_NAME: Explanation(
        "A named port stands for the number that the receiving pod's containers give to that name and protocol. "
        "Where none does, the rule opens nothing there, and the API server takes it all the same.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: https}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: http}]
""",
    ),
    Code.UNDECLARED_PORT: Explanation(
        "The containers declare ports, and not this one. Declarations are only information and the connection "
        "passes, but most often the Service's port was written where policies want the pods' own.",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: 80}]
""",
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: 8080}]
""",
    ),
    Code.CONNECTION_OPENED: Explanation(
        "Pods that could not talk to each other on these ports now can, or perhaps can: a rule came that allows "
        "it, a policy went that isolated them, or the pods themselves are new or have other labels. It is a "
        "finding in the reports of maxtac diff only, at the place that is responsible.",
        """\
$ maxtac diff git:HEAD:deploy deploy --report github
""",
        """\
$ maxtac diff git:HEAD:deploy deploy --gate opened
""",
    ),
    Code.CONNECTION_CLOSED: Explanation(
        "Pods that could talk to each other on these ports now cannot, or perhaps cannot: the rule that allowed "
        "it went, a policy came that isolates them, or the pods themselves are gone or have other labels. Where a "
        "rule went, the place is that of the old side.",
        """\
$ maxtac diff git:HEAD:deploy deploy --report github
""",
        """\
$ maxtac diff git:HEAD:deploy deploy --gate closed
""",
    ),
    Code.POD_ISOLATED: Explanation(
        "The first policy that governs a pod in a direction closes everything there but what policies allow. "
        "Whoever writes a rule for one client thereby cuts all the others.",
        """\
$ maxtac diff git:HEAD:deploy deploy --report github
""",
        """\
$ maxtac diff git:HEAD:deploy deploy --gate isolated
""",
    ),
    Code.POD_UNISOLATED: Explanation(
        "When the last policy that governs a pod in a direction goes, everything is open there again: removing a "
        "policy that allows can open more than it closes.",
        """\
$ maxtac diff git:HEAD:deploy deploy --report github
""",
        """\
$ maxtac diff git:HEAD:deploy deploy --gate unisolated
""",
    ),
    Code.UNSAFE_STEP: Explanation(
        "Policies are changed one after the other, and between two steps pods are governed by some old and some new "
        "ones. The order of maxtac diff --plan is one in which that opens and cuts the least; where no order is "
        "without harm, the steps that do it are named, with whom it is about and when it is over.",
        """\
$ maxtac diff git:HEAD:deploy deploy --plan --report github
""",
        """\
$ maxtac diff git:HEAD:deploy deploy --plan --gate unsafe
""",
    ),
}
