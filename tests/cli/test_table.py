"""The table of ``-o wide``: rows that people can read, columns that tools can cut."""

from __future__ import annotations

from maxtac_render.cli.table import table
from maxtac_render.model.intent import Direction
from maxtac_render.model.ownership import BASELINE
from maxtac_render.model.policy import ANY_PEER, NAMESPACE_NAME, CIDRPeer, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, Port
from maxtac_render.model.selectors import Requirement, Selector

SHOP = Selector(((NAMESPACE_NAME, "shop"),))
WEB = Selector((("app", "web"),))


def policy(*rules: Rule, subject: Selector = WEB, isolates: Direction = Direction.ALL) -> Policy:
    return Policy("shop", "web", subject, isolates, rules, (), (), None)


def allows(*rules: Rule) -> str:
    header, row = table([policy(*rules)])
    begin, end = header.index("ALLOWS"), header.index("SOURCE")
    return row[begin:end].rstrip()


def test_no_policies_no_header() -> None:
    """Without policies there is no table."""
    assert list(table([])) == []


def test_golden_table() -> None:
    """Columns are aligned under their headers with kubectl's gap, without blanks at the ends of lines."""
    dns = policy(Rule(Direction.EGRESS, (PodPeer(SHOP, WEB),), (Port("UDP", 53),)), isolates=Direction.EGRESS)
    rows = [policy(), dns._replace(name="a-longer-name", annotations=((BASELINE, "dns"),))]
    assert "".join(table(rows)) == (
        "NAMESPACE   NAME            PODS      ISOLATES   ALLOWS                   SOURCE\n"
        "shop        web             app=web   all        nothing                  <none>\n"
        "shop        a-longer-name   app=web   egress     to shop/app=web 53/UDP   baseline/dns\n"
    )


def test_everything_is_said_to_be_everything() -> None:
    """An empty selector and open peers and ports are words, never blanks."""
    assert allows(Rule(Direction.INGRESS, (ANY_PEER,), ANY_PORT)) == "from anyone any port"
    assert allows(Rule(Direction.EGRESS, (PodPeer(Selector(), Selector()),), ANY_PORT)) == "to {<all>}/<all> any port"
    assert " <all> " in list(table([policy(subject=Selector())]))[1]


def test_rules_with_addresses_and_ranges() -> None:
    """Peers and ports of a rule stand between commas, rules between semicolons."""
    ports = (Port("TCP", 443), Port("UDP", 5000, 5010), Port("TCP", "http"))
    rules = (
        Rule(Direction.INGRESS, (CIDRPeer("10.0.0.0/8"), CIDRPeer("fd00::/8")), ports),
        Rule(Direction.EGRESS, (CIDRPeer("1.1.1.1/32"),), ANY_PORT),
    )
    assert allows(*rules) == "from 10.0.0.0/8,fd00::/8 443/TCP,5000-5010/UDP,http/TCP; to 1.1.1.1/32 any port"


def test_selectors_are_written_as_kubectl_takes_them() -> None:
    """All four operators have kubectl's spelling."""
    requirements = (
        Requirement("a", "In", ("x", "y")),
        Requirement("b", "NotIn", ("z",)),
        Requirement("c", "Exists"),
        Requirement("d", "DoesNotExist"),
    )
    row = list(table([policy(subject=Selector((("app", "web"),), requirements))]))[1]
    assert "app=web,a in (x,y),b notin (z),c,!d" in row


def test_nothing_hostile_reaches_the_terminal() -> None:
    """A Service may select pods by labels that no API server takes; they are shown and not obeyed."""
    row = list(table([policy(subject=Selector((("a\x1b[2J", "b\n"),)))]))[1]
    assert row.rstrip("\n").isprintable()
