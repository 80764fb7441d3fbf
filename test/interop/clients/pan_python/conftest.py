import ssl

import pytest
from pan.xapi import PanXapi

HOST = "127.0.0.1"
VSYS = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']"
RULES = f"{VSYS}/rulebase/security/rules"
RULE = (
    "<from><member>untrust</member></from><to><member>trust</member></to><source><member>any</member></source>"
    "<destination><member>10.0.1.12/32</member></destination><application><member>ssl</member></application>"
    "<service><member>application-default</member></service><action>allow</action>"
)
ADMINISTRATORS = ["Web out", "Web in", "Clear text", "Clean up"]


def entry(name):
    return f"{RULES}/entry[@name='{name}']"


def api_at(served, administrator="admin", **options):
    """A connection that checks the firewall's certificate."""
    context = ssl.create_default_context(cadata=served.ca)
    return PanXapi(
        hostname=HOST, port=served.port, api_key=served.key(administrator), ssl_context=context, timeout=20, **options
    )


@pytest.fixture
def api(served):
    return api_at(served)


@pytest.fixture
def colleague(served):
    return api_at(served, "colleague")


def rule_names(api, running=False):
    (api.show if running else api.get)(RULES)
    return [each.get("name") for each in api.element_result.findall("./rules/entry")]
