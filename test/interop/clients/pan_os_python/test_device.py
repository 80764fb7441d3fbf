"""pan-os-python: credentials, system information, policy match, tags of addresses, failing connections."""

import pytest
from panos.base import PanDevice
from panos.errors import (
    PanConnectionTimeout,
    PanDeviceXapiError,
    PanInvalidCredentials,
    PanLockError,
    PanNoSuchNode,
    PanSessionTimedOut,
    PanURLError,
)
from panos.firewall import Firewall
from panos.policies import SecurityRule

from ..exactly import exactly
from .conftest import HOST, firewall_at, rule, rulebase_of


def test_a_key_is_generated_from_user_and_password(served):
    firewall = Firewall(HOST, "admin", served.password("admin"), port=served.port)
    assert firewall.api_key
    assert firewall.refresh_system_info().version == "11.1.4"


def test_a_wrong_password_is_told_as_the_web_server_tells_it(served):
    """403 `Invalid Credential`, captured: pan-os-python knows only the words of releases that answered 200."""
    with exactly(PanURLError, match="code: 403 reason: Invalid Credential"):
        Firewall(HOST, "admin", "wrong", port=served.port).refresh_system_info()


def test_a_wrong_key_is_told_likewise(served):
    with exactly(PanURLError, match="code: 403 reason: Invalid Credential"):
        Firewall(HOST, api_key="wrong", port=served.port).refresh_system_info()


def test_expired_keys_are_bad_requests(served):
    firewall = firewall_at(served)
    served.control(kind="expire-keys")
    with exactly(PanURLError, match="code: 400 reason: Key Expired"):
        firewall.refresh_system_info()


def test_a_device_is_recognised_as_a_firewall(served):
    device = PanDevice.create_from_device(HOST, api_key=served.key(), port=served.port)
    assert isinstance(device, Firewall)
    device.refresh_system_info()
    assert device.version == "11.1.4" and device.platform == "PA-VM" and device.multi_vsys is False


def test_system_information_is_understood(firewall):
    system = firewall.show_system_info()["system"]
    assert system["hostname"] == "edge-firewall" and system["operational-mode"] == "normal"


def test_without_high_availability_the_state_is_disabled(firewall):
    assert firewall.show_highavailability_state() == ("disabled", None)
    assert firewall.config_synced() is False


def test_the_management_plane_is_ready(firewall):
    assert firewall.is_ready(seconds=1) is True


def test_an_unknown_command_is_refused(firewall):
    with exactly(PanDeviceXapiError):
        firewall.op("show nonsense")


def test_a_node_that_is_not_there_is_no_such_node(firewall):
    xpath = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/address/entry[@name='no']"
    with exactly(PanNoSuchNode):
        firewall.xapi.show(xpath)


@pytest.mark.parametrize(
    "status, body, expected",
    [
        # Releases that answered 200 where newer ones answer 403.
        (
            200,
            "<response status='error' code='403'><result><msg>Invalid credentials.</msg></result></response>",
            PanInvalidCredentials,
        ),
        (
            200,
            '<response status="error"><msg><line>Configuration is locked by colleague</line></msg></response>',
            PanLockError,
        ),
        (
            200,
            '<response status="unauth" code="16"><msg><line>Unauthorized request</line></msg></response>',
            PanDeviceXapiError,
        ),
    ],
)
def test_the_words_of_other_releases_are_classified(served, status, body, expected):
    served.control(kind="add-fault", fault={"kind": "reply", "status": status, "body": body}, times=1)
    with exactly(expected):
        firewall_at(served).show_system_info()


def test_a_session_that_timed_out_is_told_as_such(served):
    served.control(kind="add-fault", fault={"kind": "session-timeout"}, times=1)
    with exactly(PanSessionTimedOut):
        firewall_at(served).show_system_info()


def test_a_connection_that_breaks_is_a_url_error(served):
    served.control(kind="add-fault", fault={"kind": "drop-before"}, times=1)
    # http.client's own exception comes through where the connection breaks after it was made.
    with pytest.raises((PanURLError, ConnectionError)):
        firewall_at(served).show_system_info()


def test_a_port_nobody_listens_on_is_a_url_error():
    with exactly(PanURLError):
        Firewall(HOST, api_key="any", port=1).show_system_info()


def test_a_reply_that_never_comes_is_a_timeout(served):
    served.control(kind="add-fault", fault={"kind": "delay", "milliseconds": 2500}, times=1)
    firewall = firewall_at(served)
    firewall.timeout = 1
    with pytest.raises((PanConnectionTimeout, TimeoutError)):
        firewall.show_system_info()


def test_a_log_in_page_is_not_taken_for_an_answer(served):
    served.control(kind="add-fault", fault={"kind": "html"}, times=1)
    with exactly(PanDeviceXapiError, match="no handler for content-type"):
        firewall_at(served).show_system_info()


def test_an_administrator_without_the_role_is_refused(served):
    """`robot` may read and write the configuration, not commit."""
    robot = firewall_at(served, "robot")
    rulebase_of(robot).add(rule("by a robot")).create()
    with exactly(PanURLError, match="code: 403"):
        robot.commit(sync=True, exception=True)


def match(firewall, **fields):
    question = dict(
        source="192.0.2.1", destination="10.0.1.12", protocol=6, port=80, from_zone="untrust", to_zone="trust"
    )
    question.update(fields)
    return firewall.test_security_policy_match(**question)


def test_a_policy_match_names_rule_index_and_action(firewall):
    assert match(firewall) == [{"name": "Web in", "index": 2, "action": "allow"}]
    assert match(firewall, port=443, application="ssl") == [{"name": "Clean up", "index": 4, "action": "deny"}]
    assert match(firewall, application="telnet", port=23) == [{"name": "Clear text", "index": 3, "action": "deny"}]


def test_a_policy_match_knows_only_the_running_policy(firewall):
    made = rulebase_of(firewall).add(rule("ssl in"))
    made.create()
    made.move("before", "Clean up")
    question = dict(port=443, application="ssl")
    assert [each["name"] for each in match(firewall, **question)] == ["Clean up"]
    firewall.commit(sync=True, exception=True)
    assert [each["name"] for each in match(firewall, **question)] == ["ssl in"]


def test_a_policy_match_shows_the_rules_below_the_first_on_request(firewall):
    made = rulebase_of(firewall).add(rule("closed", action="deny", application=["any"], service=["any"]))
    made.create()
    made.move("top")
    firewall.commit(sync=True, exception=True)
    # What follows an allow is told differently by different sources; what stands above it is not.
    assert [each["name"] for each in match(firewall, show_all=True)][:2] == ["closed", "Web in"]
    assert [each["name"] for each in match(firewall, show_all=False)] == ["closed"]


def test_a_policy_match_of_nothing_is_an_empty_list(firewall):
    rulebase_of(firewall).add(SecurityRule("Clean up")).delete()
    firewall.commit(sync=True, exception=True)
    assert match(firewall, port=4711, application="ssl") == []


def test_the_policy_match_of_old_releases_is_understood_too(serve):
    served = serve(policyMatchReply="text")
    assert [each["name"] for each in match(firewall_at(served))] == ["Web in"]


def test_a_policy_match_in_an_unknown_zone_is_refused(firewall):
    with exactly(PanDeviceXapiError):
        match(firewall, from_zone="nowhere")


def test_tags_are_registered_read_and_unregistered(firewall):
    users = firewall.userid
    users.register("10.0.1.11", ["web", "blue"])
    users.register(["10.0.1.12", "10.0.1.13"], "web")
    read = users.get_registered_ip()
    assert {ip: sorted(tags) for ip, tags in read.items()} == {
        "10.0.1.11": ["blue", "web"],
        "10.0.1.12": ["web"],
        "10.0.1.13": ["web"],
    }
    assert sorted(users.get_registered_ip(tags="blue")) == ["10.0.1.11"]
    assert list(users.get_registered_ip(ip="10.0.1.12")) == ["10.0.1.12"]
    users.unregister("10.0.1.11", "web")
    assert users.get_registered_ip(ip="10.0.1.11") == {"10.0.1.11": ["blue"]}
    users.clear_registered_ip()
    assert users.get_registered_ip() == {}


def test_registrations_in_a_batch_are_one_request(firewall):
    users = firewall.userid
    users.batch_start()
    for number in range(1, 51):
        users.register(f"10.3.0.{number}", "bulk")
    users.batch_end()
    assert len(users.get_registered_ip(tags="bulk")) == 50


def test_more_than_a_page_of_tagged_addresses_is_read(firewall):
    users = firewall.userid
    users.batch_start()
    for number in range(600):
        users.register(f"10.4.{number // 250}.{number % 250 + 1}", "many")
    users.batch_end()
    assert len(users.get_registered_ip()) == 600


def test_an_audit_makes_a_tag_stand_at_exactly_these_addresses(firewall):
    users = firewall.userid
    users.register(["10.0.1.11", "10.0.1.12"], "web")
    users.audit_registered_ip_for_tag("web", ["10.0.1.12", "10.0.1.13"])
    assert sorted(users.get_registered_ip(tags="web")) == ["10.0.1.12", "10.0.1.13"]


@pytest.mark.parametrize("strict", [False, True])
def test_registering_twice_or_unregistering_nothing_is_no_error(serve, strict):
    users = firewall_at(serve(strictUserId=strict)).userid
    users.register("10.0.1.11", "web")
    users.register("10.0.1.11", "web")
    users.unregister("10.0.1.99", "web")
    assert users.get_registered_ip() == {"10.0.1.11": ["web"]}


def test_a_client_that_wants_to_know_of_duplicates_is_told_by_old_releases(serve):
    users = firewall_at(serve(strictUserId=True)).userid
    users.ignore_dup_errors = False
    users.register("10.0.1.11", "web")
    with exactly(PanDeviceXapiError, match="already exists, ignore"):
        users.register("10.0.1.11", "web")


def test_hit_counts_of_rules_are_read(served):
    firewall = firewall_at(served)
    served.control(kind="hit", rule="Web in", count=7)
    rulebase = rulebase_of(firewall)
    rules = SecurityRule.refreshall(rulebase)
    counts = rulebase.opstate.hit_count.refresh("security", rules=rules)
    assert counts["Web in"].hit_count == 7


def test_an_audit_comment_is_read_back(firewall):
    rulebase = rulebase_of(firewall)
    SecurityRule.refreshall(rulebase)
    web_in = rulebase.find("Web in", SecurityRule)
    web_in.opstate.audit_comment.update("because a client said so")
    assert web_in.opstate.audit_comment.current() == "because a client said so"


def test_predefined_applications_are_read_with_their_ports(firewall):
    ssl = firewall.predefined.application("ssl")
    assert ssl.name == "ssl" and ssl.default_type == "port" and ssl.default_port == ["tcp/443"]
    firewall.predefined.refreshall_applications()
    assert {"ssh", "web-browsing", "dns"} <= set(firewall.predefined.application_objects)


def test_predefined_services_are_read(firewall):
    https = firewall.predefined.service("service-https")
    assert (https.protocol, https.destination_port) == ("tcp", "443")
    assert firewall.predefined.service("service-nonsense") is None
