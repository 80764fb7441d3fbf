"""pan-os-python: security rules, created, read back, changed, moved, renamed, deleted."""

import re

import pytest
from panos.errors import PanDeviceXapiError, PanObjectMissing
from panos.objects import Tag
from panos.policies import SecurityRule

from ..exactly import exactly
from .conftest import ADMINISTRATORS, rule, rule_names, rulebase_of


def test_a_created_rule_reads_back_field_by_field(firewall):
    rulebase = rulebase_of(firewall)
    firewall.add(Tag("by-client", color="color5")).create()
    rulebase.add(
        rule(
            "from client",
            description="made by a client",
            source=["192.0.2.0/24", "198.51.100.7"],
            application=["ssl", "web-browsing"],
            service=["service-https", "tcp-80"],
            tag=["by-client"],
            log_setting="default",
            group="default-profile",
            log_end=True,
            log_start=False,
            disabled=False,
        )
    ).create()

    read = rulebase_of(firewall).add(SecurityRule("from client"))
    read.refresh()

    assert read.fromzone == ["untrust"] and read.tozone == ["trust"]
    assert read.source == ["192.0.2.0/24", "198.51.100.7"]
    assert read.destination == ["10.0.1.12/32"]
    assert read.application == ["ssl", "web-browsing"]
    assert read.service == ["service-https", "tcp-80"]
    assert read.action == "allow" and read.tag == ["by-client"]
    assert read.group == ["default-profile"] and read.log_setting == "default"
    assert read.description == "made by a client"
    assert read.log_end is True and read.log_start is False and read.disabled is False
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", read.uuid)


def test_a_new_rule_stands_last(firewall):
    rulebase_of(firewall).add(rule("last")).create()
    assert rule_names(firewall) == [*ADMINISTRATORS, "last"]


def test_reading_all_rules_gives_them_in_order(firewall):
    assert rule_names(firewall) == ADMINISTRATORS
    assert rule_names(firewall, running=True) == ADMINISTRATORS


def test_a_rule_not_committed_is_not_in_running(firewall):
    rulebase_of(firewall).add(rule("pending")).create()
    assert rule_names(firewall, running=True) == ADMINISTRATORS


def test_creating_again_adds_members_and_takes_none_away(firewall):
    rulebase = rulebase_of(firewall)
    made = rulebase.add(rule("grows", source=["192.0.2.1"]))
    made.create()
    made.source = ["192.0.2.2"]
    made.create()
    made.refresh()
    assert made.source == ["192.0.2.1", "192.0.2.2"]


def test_applying_replaces_members(firewall):
    rulebase = rulebase_of(firewall)
    made = rulebase.add(rule("changes", source=["192.0.2.1"]))
    made.create()
    made.refresh()
    uuid = made.uuid
    made.source = ["192.0.2.2"]
    made.apply()
    made.refresh()
    assert made.source == ["192.0.2.2"]
    assert made.uuid == uuid


def test_updating_one_field_leaves_the_others(firewall):
    made = rulebase_of(firewall).add(rule("one field", description="before"))
    made.create()
    made.description = "after"
    made.update("description")
    made.destination = ["10.0.1.99/32"]
    made.update("destination")
    made.refresh()
    assert (made.description, made.destination, made.application) == ("after", ["10.0.1.99/32"], ["ssl"])


def test_updating_a_field_to_nothing_removes_it(firewall):
    made = rulebase_of(firewall).add(rule("no text", description="before"))
    made.create()
    made.description = None
    made.update("description")
    made.refresh()
    assert made.description is None


@pytest.mark.parametrize(
    "location, reference, expected",
    [
        ("top", None, ["moved", *ADMINISTRATORS]),
        ("before", "Clean up", ["Web out", "Web in", "Clear text", "moved", "Clean up"]),
        ("after", "Web out", ["Web out", "moved", "Web in", "Clear text", "Clean up"]),
    ],
)
def test_a_rule_moves_where_it_is_told(firewall, location, reference, expected):
    made = rulebase_of(firewall).add(rule("moved"))
    made.create()
    made.move(location, reference)
    assert rule_names(firewall) == expected


def test_a_rule_moves_to_the_bottom(firewall):
    moved = rulebase_of(firewall).add(SecurityRule("Web out"))
    moved.move("bottom")
    assert rule_names(firewall) == ["Web in", "Clear text", "Clean up", "Web out"]


def test_a_renamed_rule_keeps_its_place_and_uuid(firewall):
    made = rulebase_of(firewall).add(rule("old name"))
    made.create()
    made.move("before", "Clean up")
    made.refresh()
    uuid = made.uuid
    made.rename("new name")
    made.refresh()
    assert made.uuid == uuid
    assert rule_names(firewall) == ["Web out", "Web in", "Clear text", "new name", "Clean up"]


def test_a_deleted_rule_is_gone(firewall):
    made = rulebase_of(firewall).add(rule("short-lived"))
    made.create()
    made.delete()
    assert rule_names(firewall) == ADMINISTRATORS


def test_deleting_what_is_not_there_is_no_error(firewall):
    rulebase_of(firewall).add(SecurityRule("never was")).delete()


def test_a_rule_that_is_not_there_is_an_object_missing(firewall):
    missing = rulebase_of(firewall).add(SecurityRule("never was"))
    for running in (False, True):
        with exactly(PanObjectMissing):
            missing.refresh(running_config=running)


def test_many_rules_are_created_in_one_request(firewall):
    rulebase = rulebase_of(firewall)
    made = [rulebase.add(rule(f"bulk {number}")) for number in range(20)]
    made[0].create_similar()
    assert rule_names(firewall) == [*ADMINISTRATORS, *(f"bulk {number}" for number in range(20))]


def test_applying_similar_replaces_the_whole_rulebase(firewall):
    """The trap of bulk apply: an edit of the container takes away what the client does not know."""
    rulebase = rulebase_of(firewall)
    made = [rulebase.add(rule(f"only {number}")) for number in range(2)]
    made[0].apply_similar()
    assert rule_names(firewall) == ["only 0", "only 1"]


def test_many_rules_are_deleted_in_one_request(firewall):
    rulebase = rulebase_of(firewall)
    made = [rulebase.add(rule(f"bulk {number}")) for number in range(5)]
    made[0].create_similar()
    made[0].delete_similar()
    assert rule_names(firewall) == ADMINISTRATORS


@pytest.mark.parametrize("name", ['say "hello"', "it's", "a&b", "<rule>", "a/b", "x" * 64])
def test_a_name_a_firewall_does_not_take_is_refused(firewall, name):
    with exactly(PanDeviceXapiError):
        rulebase_of(firewall).add(rule(name)).create()
    assert rule_names(firewall) == ADMINISTRATORS


def test_a_reference_to_nothing_is_refused_with_the_firewalls_words(firewall):
    with exactly(PanDeviceXapiError, match="'no such object' is not a valid reference"):
        rulebase_of(firewall).add(rule("dangling", source=["no such object"])).create()


def test_any_beside_something_else_is_refused(firewall):
    with exactly(PanDeviceXapiError, match="'any' should not be used with another destination"):
        rulebase_of(firewall).add(rule("both", destination=["any", "10.0.1.1"])).create()


def test_a_variable_reads_back_alone(firewall):
    read = rulebase_of(firewall).add(SecurityRule("Web in"))
    assert read.refresh_variable("destination") == ["10.0.1.11", "10.0.1.12", "10.0.1.13"]
    assert read.refresh_variable("action", running_config=True) == "allow"
    with exactly(PanObjectMissing):
        rulebase_of(firewall).add(SecurityRule("never was")).refresh_variable("action", exceptions=True)
