"""The one catalogue of what can be found in the input: id, severity, what is said about it, and how to mend it."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple


class Severity(IntEnum):
    """How much a finding matters; OFF ones are not reported at all."""

    OFF = 0
    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The severity as it is written in options and reports."""
        return self.name.lower()


SEVERITIES = {severity.word: severity for severity in Severity}

OFF, INFO, WARNING, ERROR = Severity.OFF, Severity.INFO, Severity.WARNING, Severity.ERROR


class Entry(NamedTuple):
    """One row of the catalogue: stable id, default severity, what is said (with what was done), how to mend it."""

    id: str
    severity: Severity
    message: str
    mend: str


class Code(Enum):
    """Everything that can be found. Words in braces are the facts of the finding."""

    # What was read
    BROKEN_YAML = Entry(
        "broken-yaml",
        ERROR,
        "not readable as YAML: {problem}; document left out",
        "mend the syntax, or leave the file out with --exclude when it is meant for another tool",
    )
    UNREADABLE_DOCUMENT = Entry(
        "unreadable-document",
        INFO,
        "not readable as YAML ({problem}), and without a word of maxtac.vtk.io; document left out",
        "leave the file out with --exclude when it is meant for another tool",
    )
    OVER_LIMIT = Entry(
        "over-limit",
        ERROR,
        "{what} is over the limit of {limit}; document left out",
        "split the document; limits keep hostile YAML from using up the machine",
    )
    DUPLICATE_KEY = Entry(
        "duplicate-key",
        ERROR,
        "key {key} stands twice in one mapping; the last one counts",
        "keep one of them; the API server refuses the object",
    )
    STUCK_OBJECT = Entry(
        "stuck-object",
        ERROR,
        "cannot be left out of what is passed through: {reason}",
        "write it as a document of its own",
    )
    SKIPPED_LINK = Entry(
        "skipped-link",
        INFO,
        "symbolic link leads {where}; not followed",
        "name the link's target as a source of its own if it belongs to the input, or remove the link",
    )
    NOT_INSTALLED = Entry(
        "not-installed",
        INFO,
        "the cluster does not know {kinds}; counted as none",
        "install the CRDs: maxtac manifests crds | kubectl apply --server-side -f -",
    )
    BEING_DELETED = Entry(
        "being-deleted",
        INFO,
        "being deleted; rules left out, isolation kept until it is gone",
        "it is gone once its finalizers are done",
    )
    UNKNOWN_KIND = Entry(
        "unknown-kind",
        ERROR,
        "{what} is no MaxTac kind; object left out",
        "{guess}",
    )
    OTHER_GROUP = Entry(
        "other-group",
        INFO,
        "{kind} of {api_version} is another project's kind; passed over",
        "write apiVersion: maxtac.vtk.io/v1alpha1 if MaxTac's is meant",
    )
    UNKNOWN_FIELD = Entry("unknown-field", ERROR, "unknown field {name}; ignored", "{guess}")
    SCHEMA = Entry(
        "schema",
        ERROR,
        "{problem}",
        "compare it with schemas/{kind}.json; maxtac manifests crds prints what the API server asks for",
    )
    WRONG_TYPE = Entry(
        "wrong-type",
        ERROR,
        "{name} must be {expected}, not {found}; {done}",
        "write {expected}",
    )
    INVALID_NAME = Entry(
        "invalid-name",
        ERROR,
        "{name} {value} is not {expected}; object left out",
        "names are lower-case letters, digits and hyphens, and begin and end with a letter or digit",
    )
    MISSING_NAMESPACE = Entry(
        "missing-namespace",
        ERROR,
        "no namespace; object left out",
        "write metadata.namespace, or give a default with -n",
    )
    NAMESPACE_IGNORED = Entry(
        "namespace-ignored",
        WARNING,
        "{kind} is cluster-scoped; namespace {namespace} ignored",
        "remove metadata.namespace",
    )
    DUPLICATE_OBJECT = Entry(
        "duplicate-object",
        ERROR,
        "another {what} stands at {other}; this one left out",
        "keep one of them",
    )
    IDENTICAL_COPY = Entry(
        "identical-copy",
        INFO,
        "the same {what} stands at {other}; counted once",
        "remove one of them",
    )
    UNQUOTED_VALUE = Entry(
        "unquoted-value",
        WARNING,
        "{value} is read as the text it is written as; the API server refuses a {found} here",
        'quote it: "{value}"',
    )

    # What the MaxTac resources and the Services say
    MISSING_SELECTOR = Entry(
        "missing-selector",
        ERROR,
        "no spec.serviceSelector; selects nothing",
        "write serviceSelector with matchLabels, or {{}} to select every Service",
    )
    INVALID_POLICY = Entry(
        "invalid-policy",
        ERROR,
        "{problem}; policy left out, as the API server refuses it",
        "{guess}",
    )
    STALE = Entry(
        "stale",
        WARNING,
        "{problem}; the fresh render counts",
        "render again, and commit or apply the result",
    )
    NOT_APPLIED = Entry(
        "not-applied",
        WARNING,
        "asks for {policies}, not there; counted as if they were",
        "maxtac diff live: shows what is missing; is maxtac watch running, or who applies what is rendered?",
    )
    OTHER_SET = Entry(
        "other-set",
        WARNING,
        "this policy {whose} is not what is rendered now; the one that is there counts",
        "render with its set, or apply that set again",
    )
    CONTROLLER_POLICY = Entry(
        "controller-policy",
        INFO,
        "the MaxTac controller has made this policy, which is rendered too; the one that is there counts",
        "maxtac adopt takes it over",
    )
    STALE_ALLOW = Entry(
        "stale-allow",
        WARNING,
        "the MaxTac controller left it behind: {why}; {opens}",
        "delete it, or see what maxtac adopt makes of it; the controller never removes it",
    )
    HOST_NETWORK = Entry(
        "host-network",
        WARNING,
        "on its node's network, where most network plugins do not know it as a pod; taken to be meant by {policies}",
        "maxtac list --cni-differences shows what depends on it, and --host-network node goes by the other reading",
    )
    INVALID_SELECTOR = Entry(
        "invalid-selector",
        ERROR,
        "{problem}; {done}",
        "{guess}",
    )
    MISSING_DIRECTION = Entry(
        "missing-direction",
        ERROR,
        "no direction for {service}; nothing rendered for it",
        "write spec.direction, or the annotation {annotation} on the Service: ingress, egress or all",
    )
    BAD_DIRECTION = Entry(
        "bad-direction",
        ERROR,
        'direction "{value}" is none of ingress, egress, all; {done}',
        "write ingress, egress or all, without blanks around it",
    )
    DIRECTION_CASE = Entry(
        "direction-case",
        WARNING,
        "direction {value} is read as {word}; the MaxTac controller makes a deny-all of a capitalised one in an Access",
        "write {word}",
    )
    MISSING_TARGETS = Entry(
        "missing-targets",
        ERROR,
        "no targets for {service}; nothing rendered for it",
        "write spec.{field_name}, or the annotation {annotation} on the Service",
    )
    EMPTY_ANNOTATION = Entry(
        "empty-annotation",
        WARNING,
        "annotation {key} is empty: no {what} for {cr}; {done}",
        "remove the annotation, or give it a value",
    )
    MALFORMED_TARGET = Entry(
        "malformed-target",
        ERROR,
        "{value} is not a target; {done}",
        "write {expected}",
    )
    WRONG_ANNOTATION = Entry(
        "wrong-annotation",
        ERROR,
        "{value} is {found}, but {key} takes {expected}; {done}",
        "move it to {meant}",
    )
    UNKNOWN_ANNOTATION = Entry("unknown-annotation", WARNING, "nothing reads annotation {key}", "{guess}")
    UNMATCHED_ANNOTATION = Entry(
        "unmatched-annotation",
        WARNING,
        "annotation {key} has no effect: no {kind} selects this Service",
        "give the Service a label that one selects, or remove the annotation",
    )
    IGNORED_ANNOTATION = Entry(
        "ignored-annotation",
        WARNING,
        "annotation {key}: {what}",
        "say it in the spec of {cr}, or render with --annotations override",
    )
    SWAPPED_PAIR = Entry(
        "swapped-pair",
        WARNING,
        "no Service {name} in {namespace}; {value} is read as <namespace>,<service>",
        "write {name_first}: the Service's name stands first",
    )
    AMBIGUOUS_PAIR = Entry(
        "ambiguous-pair",
        WARNING,
        "{value} fits two Services; read as <service>,<namespace>: {read}, not {other}",
        "write {swapped} if that other one is meant, or name it in spec.targets",
    )
    MISSING_TARGET = Entry(
        "missing-target",
        ERROR,
        "target {target} not found; {done}",
        "{guess}add the Service to the sources, or lower this rule with --severity missing-target=warning",
    )
    SELECTORLESS_SERVICE = Entry(
        "selectorless-service",
        ERROR,
        "{service} has no selector, so no pods can be named; {done}",
        "use an ExternalAccess with its addresses, or a Service with a selector",
    )
    NO_PORTS = Entry(
        "no-ports",
        ERROR,
        "{service} has no ports to open; {done}",
        "give the Service its ports",
    )
    BAD_PORT = Entry(
        "bad-port",
        ERROR,
        "{value} is not {expected}; left out",
        "write {expected}",
    )
    BAD_CIDR = Entry("bad-cidr", ERROR, "{value} is not a CIDR{problem}; {done}", "{guess}")
    HOST_BITS = Entry(
        "host-bits",
        WARNING,
        "{value} has host bits set; read as {cidr}",
        "write {cidr}; the API server refuses host bits",
    )
    BARE_IP = Entry("bare-ip", INFO, "{value} has no prefix length; read as {cidr}", "write {cidr}")
    DUPLICATE_TARGET = Entry("duplicate-target", WARNING, "target {target} stands twice; counted once", "remove one")
    NO_SERVICE = Entry(
        "no-service",
        WARNING,
        "selects no Service; nothing rendered for it",
        "compare its serviceSelector with the labels of the Services",
    )
    MIRRORED_IGNORED = Entry(
        "mirrored-ignored",
        WARNING,
        "mirrored has no meaning in {kind}; ignored",
        "remove it, or use a ClusterAccess",
    )
    MEANT_CLUSTER_ACCESS = Entry(
        "meant-cluster-access",
        ERROR,
        "an Access with mirrored and without a namespace; object left out",
        "write kind: ClusterAccess; an Access has a namespace and no mirror",
    )
    BAD_DURATION = Entry(
        "bad-duration",
        ERROR,
        'duration "{value}" is not one; rules left out',
        "write a Go duration such as 1h30m, or whole days such as 7d",
    )
    BAD_DEADLINE = Entry(
        "bad-deadline",
        ERROR,
        '"{value}" is not an RFC 3339 time; rules left out',
        "write a time such as 2027-01-31T12:00:00Z",
    )
    UNANCHORED_DURATION = Entry(
        "unanchored-duration",
        ERROR,
        "duration {value} counts from no known moment; rules left out",
        "write the annotation maxtac.vtk.io/expires-at, or render with --anchor git",
    )
    EXPIRED = Entry("expired", INFO, "expired at {deadline}; {done}", "remove the resource when it is no longer needed")
    EXPIRING = Entry(
        "expiring",
        WARNING,
        "expires at {deadline}, in {left}",
        "write a later deadline if the access is still needed, or remove the resource",
    )
    COMPAT_IGNORES = Entry(
        "compat-ignores",
        WARNING,
        "the MaxTac controller does not know {what}; ignored",
        "render without --compat controller",
    )

    # Comments that ignore findings
    UNUSED_IGNORE = Entry(
        "unused-ignore",
        WARNING,
        "nothing to ignore for {ids} {where}",
        "remove the comment, or what it names",
    )
    BAD_IGNORE = Entry(
        "bad-ignore",
        WARNING,
        "{problem}; comment not heard",
        "{guess}",
    )

    # What comes out
    NO_INTENTS = Entry(
        "no-intents",
        ERROR,
        "no MaxTac resource in the input; nothing to render",
        "check the sources; lower this rule with --severity no-intents=warning if that is meant",
    )
    NO_POLICIES = Entry(
        "no-policies",
        ERROR,
        "the MaxTac resources in the input yield no policy",
        "the other findings say why; lower this rule with --severity no-policies=warning if that is meant",
    )
    POLICY_TAKEN = Entry(
        "policy-taken",
        ERROR,
        "policy {policy} is rendered too, and this one is {whose}; left as it is",
        "{guess}",
    )
    MOVED_POLICY = Entry(
        "moved-policy",
        WARNING,
        "in namespace {namespace} now, but made for {former}, whose pods its rules still mean",
        "render after what moves it; with kustomize, in the outermost kustomization",
    )
    POLICIES_WITHOUT_INTENTS = Entry(
        "policies-without-intents",
        ERROR,
        "no MaxTac resource in the input, but {policies} of ours, which would go",
        "give the whole package; if the policies are to go, lower this rule with"
        " --severity policies-without-intents=warning",
    )
    MIRROR_LEFT_OUT = Entry(
        "mirror-left-out",
        WARNING,
        "mirror for {target} left out: namespace {namespace} is not in mirrorNamespaces",
        "add the namespace with --mirror-namespaces",
    )
    MIRROR_BY_ANNOTATION = Entry(
        "mirror-by-annotation",
        WARNING,
        "an annotation of {service} isolates the pods of {target} in another namespace",
        "name the target in the spec, or allow mirrors in chosen namespaces only with --mirror-namespaces",
    )
    MIRROR_KUBE_SYSTEM = Entry(
        "mirror-kube-system",
        WARNING,
        "the mirror for {target} isolates pods of kube-system",
        "switch mirrored off, or allow mirrors in chosen namespaces only with --mirror-namespaces",
    )
    NAME_CUT = Entry(
        "name-cut",
        WARNING,
        "policy name {plain} is {problem}; cut to {name}",
        "shorten the name of the resource or of the Services",
    )
    NAME_COLLISION = Entry(
        "name-collision",
        WARNING,
        "policy name {plain} is wanted by {others} too; this one becomes {name}",
        "rename one of the resources or Services, then the plain name comes back",
    )
    LONG_NAME = Entry(
        "long-name",
        INFO,
        "policy names are up to {length} characters long ({number} over 63); some network plugins ignore such policies",
        "render with --names short",
    )
    LABEL_CUT = Entry(
        "label-cut",
        INFO,
        "label {key} would be over 63 characters; cut to {value}",
        "shorten the name of the resource; the annotations of the policies have it in full",
    )
    EGRESS_WITHOUT_DNS = Entry(
        "egress-without-dns",
        WARNING,
        "closes egress of {subjects}, and no policy lets them ask for names",
        "render with --baseline dns, or open 53/UDP and 53/TCP to the cluster's name servers",
    )
    EXTERNAL_EGRESS_EVERY_PORT = Entry(
        "external-egress-every-port",
        WARNING,
        "egress of {service} to outside addresses is open on every port",
        "limit it with the annotation render.maxtac.vtk.io/ports, such as 443/TCP",
    )
    CLIENT_REWRITTEN = Entry(
        "client-address-rewritten",
        WARNING,
        "{service} may hide the addresses of its clients, so that rules for them do not match",
        "set spec.externalTrafficPolicy: Local on the Service",
    )
    OVERLAPPING_SERVICES = Entry(
        "overlapping-services",
        WARNING,
        "isolating its pods cuts clients of {others}: the selectors meet",
        "give the Services selectors that do not meet, or let a resource select the other one too",
    )

    # What tests say, and what they find
    INVALID_TEST = Entry("invalid-test", ERROR, "{problem}; test not run", "{guess}")
    NO_TESTS = Entry(
        "no-tests",
        ERROR,
        "no test in it; nothing proved",
        "write tests under spec.tests of a ConnectionTest, or name another file",
    )
    EMPTY_TEST = Entry("empty-test", ERROR, "{problem}; test not run, as it would prove nothing", "{guess}")
    SKIPPED_TEST = Entry(
        "skipped-test",
        WARNING,
        "{problem}; test skipped",
        "run it in a cluster, or name an address",
    )
    UNDECLARED_PODS = Entry(
        "undeclared-pods",
        WARNING,
        "no known pod is {endpoint}; tested for pods that nobody has declared",
        "compare the labels with those of the pods, or add the pods to the sources",
    )
    SERVICE_PORT = Entry(
        "service-port",
        WARNING,
        "{port} is a port of {service}; policies know the port of its pods, {behind}",
        "write {behind}",
    )
    ASSERTION_FAILED = Entry(
        "assertion-failed",
        ERROR,
        "{source} {verb} {target} on {ports}: {reason}{others}",
        "change the policies, or the test; {command} tells more",
    )

    FLOW_DROPPED = Entry(
        "flow-dropped",
        ERROR,
        "{flows} from {source} to {target} on {ports} would be dropped: {reason}{others}",
        "open it, if it is meant to go on; {command} tells more",
    )
    FLOW_UNCERTAIN = Entry(
        "flow-uncertain",
        WARNING,
        "{flows} from {source} to {target} on {ports} may be dropped: {reason}{others}",
        "add the pods to the sources; {command} tells more",
    )
    FLOWS_UNJUDGED = Entry(
        "flows-unjudged",
        WARNING,
        "{flows} not judged: {what}",
        "add what is missing to the sources, or observe fewer flows",
    )
    BAD_FLOW = Entry(
        "bad-flow",
        ERROR,
        "{problem}; {done}",
        "give the output of hubble observe -o jsonpb, one JSON object a line",
    )

    # What is proved about policies
    FIRST_ISOLATION = Entry(
        "first-isolation",
        INFO,
        "closes {side} of {pods}, which nothing else closes: only what is opened here can pass",
        "open what the pods need besides, before they lose it",
    )
    ONE_SIDED = Entry(
        "one-sided",
        WARNING,
        "opens {side} between {subject} and {peer}, but nothing passes: {policies} {there} on the other side",
        "open {there} there too, or remove the rule",
    )
    INTENT_DEFEATED = Entry(
        "intent-defeated",
        WARNING,
        "{side} between {subject} and {peer} does not pass: {policies} {there} on the other side",
        "let the other side open {there} too: an access of its own, or a ClusterAccess with mirrored: true",
    )
    UNREACHABLE_PORT = Entry(
        "unreachable-port",
        WARNING,
        "no policy lets anybody reach port {port} of the pods of {service}",
        "open it for those who need the Service, or remove the port",
    )
    SELECTS_NOTHING = Entry(
        "selects-nothing",
        WARNING,
        "selects no pod of its namespace, and so closes and opens nothing",
        "compare its podSelector with the labels of the pods",
    )
    REDUNDANT_POLICY = Entry(
        "redundant-policy",
        INFO,
        "nothing would change without this policy: others close and open the same",
        "remove it",
    )
    REDUNDANT_RULE = Entry(
        "redundant-rule",
        INFO,
        "nothing would change without this {side} rule of {policy}: others open the same",
        "remove it",
    )
    OPEN_TO_EVERYONE = Entry(
        "open-to-everyone",
        WARNING,
        "opens {side} on every port for {everyone}",
        "name who is meant, or the ports",
    )
    PUBLIC_CIDR = Entry(
        "public-cidr",
        INFO,
        "lets {cidr} in, which are public addresses",
        "narrow the block if these are not meant",
    )
    OVERLAPPING_CIDRS = Entry(
        "overlapping-cidrs",
        INFO,
        "{inner} lies within {outer}, which is open already",
        "remove {inner}, or write it as an exception of {outer} if it was to be closed",
    )
    UNKNOWN_PORT_NAME = Entry(
        "unknown-port-name",
        WARNING,
        "no container of {pods} has a port named {port}, so the rule opens nothing there",
        "name a port that the containers declare, or write its number",
    )
    UNDECLARED_PORT = Entry(
        "undeclared-port",
        INFO,
        "no container of {pods} declares port {port}",
        "compare it with the port on which the containers listen",
    )

    # What a change does
    CONNECTION_OPENED = Entry(
        "connection-opened",
        WARNING,
        "{what} opened; {why}",
        "if that is not meant, narrow the rule, or keep what isolated the pods",
    )
    CONNECTION_CLOSED = Entry(
        "connection-closed",
        INFO,
        "{what} closed; {why}",
        "if that is not meant, keep the rule, or write one that allows it",
    )
    POD_ISOLATED = Entry(
        "pod-isolated",
        INFO,
        "{what}; {why}",
        "from here on these pods need a rule for whatever they are to do in this direction",
    )
    POD_UNISOLATED = Entry(
        "pod-unisolated",
        WARNING,
        "{what}; {why}",
        "if that is not meant, keep a policy that isolates them: pods that none isolates are open to all",
    )
    UNSAFE_STEP = Entry(
        "unsafe-step",
        WARNING,
        "step {number} of {count}, {what}, {harms}",
        "make this step and the one that ends it at once, or when nobody needs the connections",
    )

    @property
    def id(self) -> str:
        """The stable word by which users name this finding."""
        return self.value.id


CODES = {code.id: code for code in Code}
