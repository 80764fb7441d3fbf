import pytest
from panos.firewall import Firewall
from panos.policies import Rulebase, SecurityRule

HOST = "127.0.0.1"


def firewall_at(served, administrator="admin", vsys="vsys1", **options):
    """The firewall as pan-os-python sees it."""
    return Firewall(HOST, api_key=served.key(administrator), port=served.port, vsys=vsys, **options)


@pytest.fixture
def connect(serve):
    """A firewall with options and a connection of an administrator to it."""

    def make(administrator="admin", **options):
        served = serve(**options)
        return served, firewall_at(served, administrator)

    return make


@pytest.fixture
def firewall(served):
    return firewall_at(served)


@pytest.fixture
def colleague(served):
    return firewall_at(served, "colleague")


def rule(name, **fields):
    """A rule that allows ssl from the internet to one server, unless told otherwise."""
    content = dict(
        fromzone=["untrust"],
        tozone=["trust"],
        source=["any"],
        destination=["10.0.1.12/32"],
        application=["ssl"],
        service=["application-default"],
        action="allow",
    )
    content.update(fields)
    return SecurityRule(name, **content)


def rulebase_of(firewall):
    return firewall.add(Rulebase())


def rule_names(firewall, running=False):
    """Names in order, read anew."""
    rulebase = Rulebase()
    firewall.add(rulebase)
    try:
        return [each.name for each in SecurityRule.refreshall(rulebase, running_config=running)]
    finally:
        firewall.remove(rulebase)


ADMINISTRATORS = ["Web out", "Web in", "Clear text", "Clean up"]
