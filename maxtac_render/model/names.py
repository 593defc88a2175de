"""Every generated name and label value of rendered policies, and which names Kubernetes takes."""

from __future__ import annotations

import re

from maxtac_render.model.intent import CIDRTarget, Direction, Intent, ServiceTarget, Target, UnusableTarget
from maxtac_render.model.selectors import Selector

LONGEST_NAME = 253
SHORT_NAME = 63
LONGEST_LABEL = 63

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NO_TARGET = re.compile(r"[^A-Za-z0-9./:,_ -]")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def is_label_name(text: str) -> bool:
    """Tell whether a text is a DNS-1123 label: the name of a namespace or a Service."""
    return len(text) <= LONGEST_LABEL and _LABEL.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Tell whether a text is a DNS-1123 subdomain: the name of most objects."""
    return len(text) <= LONGEST_NAME and _SUBDOMAIN.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Tell whether a text may be the value of a label."""
    return len(text) <= LONGEST_LABEL and _LABEL_VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Tell whether a text may be the key of a label: a name, with or without a DNS subdomain and a slash before it."""
    prefix, slash, name = text.rpartition("/")
    fits = len(name) <= LONGEST_LABEL and _LABEL_KEY.fullmatch(name) is not None
    return fits and (is_object_name(prefix) if slash else not prefix)


def digest(identity: str, digits: int = 8) -> str:
    """Hex digits that stand for an identity."""
    import hashlib  # noqa: PLC0415 - most names are plain

    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def slug(text: str) -> str:
    """The readable rest of a text that is no name: lower-case words joined by hyphens."""
    return _NO_WORD.sub("-", text.lower()).strip("-")


def cut(plain: str, identity: str, limit: int, digits: int = 8) -> str:
    """A valid name of at most ``limit`` characters: a readable beginning, then a hash of the full identity."""
    kept = plain if is_object_name(plain) else slug(plain)
    return f"{kept[: limit - digits - 1].rstrip('-.')}-{digest(identity, digits)}".lstrip("-.")


def lease_name(set_name: str) -> str:
    """The name of the Lease of a set: of two sets in one cluster none waits for the other."""
    plain = f"maxtac-render-{set_name}"
    return plain if is_object_name(plain) else cut(plain, plain, LONGEST_NAME)


def label_value(text: str) -> str:
    """A text as a label value; a longer one is cut and ends in a hash of the whole."""
    if len(text) <= LONGEST_LABEL:
        return text
    return f"{text[: LONGEST_LABEL - 9].rstrip('-._')}-{digest(text)}"


def prefix(intent: Intent, *, controller: bool) -> str:
    """What the names of an intent's source policies have in common."""
    subject = intent.subject.ref
    return f"{_owner(intent, controller=controller)}--{subject.namespace}-{subject.name}---"


def suffix(target: Target, direction: Direction, *, controller: bool) -> str:
    """What tells the source policies of one intent apart."""
    match target:
        case ServiceTarget(namespace, name):
            text = f"{name}-{namespace}"
        case CIDRTarget(cidr, spelling):
            text = (spelling if controller else cidr).translate(_DASHES)
        case UnusableTarget(written):
            text = written.translate(_DASHES)
    return f"{text}-{direction.suffix}"


_DASHES = str.maketrans("./:", "---")


def note(target: Target) -> str:
    """A target as an annotation tells it. What no target has becomes a question mark: others may fill in a ``${x}``."""
    return _NO_TARGET.sub("?", str(target)[:LONGEST_NAME])


def mirror(intent: Intent, target: ServiceTarget, *, controller: bool) -> str:
    """The name of the policy on the target's side."""
    subject = intent.subject.ref
    own = f"{_owner(intent, controller=controller)}--{target.namespace}-{target.name}"
    return f"{own}---{subject.namespace}-{subject.name}-{intent.direction.flipped.suffix}-mirror"


def _owner(intent: Intent, *, controller: bool) -> str:
    cluster = controller and not intent.ref.namespace
    return f"cluster-{intent.ref.name}" if cluster else intent.ref.name


def subject_name(namespace: str, subject: Selector) -> str:
    """A name for a subject by itself, at most 49 characters, equal for as long as the subject is.

    Source: the tutorial policy's naming of joint policies: the words of the labels, then the hash of the whole.
    """
    words = slug(" ".join(f"{key.rpartition('/')[2]} {value}" for key, value in subject.match_labels))
    identity = repr((namespace, tuple(subject.match_labels), tuple(map(tuple, subject.match_expressions))))
    return f"{words[:40].rstrip('-')}-{digest(identity)}".lstrip("-")
