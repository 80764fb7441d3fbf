"""pan-os-python: addresses, groups, services, tags."""

import pytest
from panos.errors import PanDeviceXapiError, PanObjectMissing
from panos.objects import AddressGroup, AddressObject, ServiceGroup, ServiceObject, Tag

from ..exactly import exactly
from .conftest import rule, rulebase_of


def names(kind, firewall, running=False):
    return [each.name for each in kind.refreshall(firewall, running_config=running, add=False)]


@pytest.mark.parametrize(
    "value, kind",
    [
        ("10.1.2.0/24", "ip-netmask"),
        ("2001:db8::/32", "ip-netmask"),
        ("10.1.2.3-10.1.2.9", "ip-range"),
        ("www.example.com", "fqdn"),
    ],
)
def test_an_address_reads_back(firewall, value, kind):
    firewall.add(AddressObject("an address", value, kind, description="made by a client")).create()
    read = firewall.add(AddressObject("an address"))
    read.refresh()
    assert (read.value, read.type, read.description) == (value, kind, "made by a client")


def test_an_address_changes_its_kind_by_apply(firewall):
    made = firewall.add(AddressObject("turns", "10.1.2.3/32"))
    made.create()
    made.type, made.value = "fqdn", "www.example.com"
    made.apply()
    made.refresh()
    assert (made.type, made.value) == ("fqdn", "www.example.com")


def test_a_static_group_holds_its_members(firewall):
    for number in (1, 2):
        firewall.add(AddressObject(f"member {number}", f"10.1.2.{number}")).create()
    firewall.add(AddressGroup("static", static_value=["member 1", "member 2"])).create()
    read = firewall.add(AddressGroup("static"))
    read.refresh()
    assert read.static_value == ["member 1", "member 2"] and read.dynamic_value is None


def test_a_dynamic_group_holds_its_filter(firewall):
    firewall.add(AddressGroup("dynamic", dynamic_value="'web' and 'blue'")).create()
    read = firewall.add(AddressGroup("dynamic"))
    read.refresh()
    assert read.dynamic_value == "'web' and 'blue'" and not read.static_value


def test_a_group_of_nothing_known_is_refused(firewall):
    with exactly(PanDeviceXapiError, match="is not a valid reference"):
        firewall.add(AddressGroup("dangling", static_value=["nobody"])).create()


def test_an_address_and_a_group_cannot_share_a_name(firewall):
    firewall.add(AddressObject("taken", "10.1.2.3")).create()
    with exactly(PanDeviceXapiError):
        firewall.add(AddressGroup("taken", dynamic_value="'web'")).create()


@pytest.mark.parametrize("protocol, port", [("tcp", "8443"), ("udp", "500,4500"), ("tcp", "1024-2048")])
def test_a_service_reads_back(firewall, protocol, port):
    firewall.add(ServiceObject("a service", protocol, destination_port=port)).create()
    read = firewall.add(ServiceObject("a service"))
    read.refresh()
    assert (read.protocol, read.destination_port) == (protocol, port)


def test_a_service_group_holds_its_members(firewall):
    firewall.add(ServiceGroup("both", value=["tcp-80", "tcp-81"])).create()
    read = firewall.add(ServiceGroup("both"))
    read.refresh()
    assert read.value == ["tcp-80", "tcp-81"]


def test_a_tag_reads_back(firewall):
    firewall.add(Tag("a tag", color="color7", comments="made by a client")).create()
    read = firewall.add(Tag("a tag"))
    read.refresh()
    assert (read.color, read.comments) == ("color7", "made by a client")


def test_an_object_in_use_cannot_be_deleted(firewall):
    address = firewall.add(AddressObject("in use", "10.1.2.3"))
    address.create()
    made = rulebase_of(firewall).add(rule("uses it", source=["in use"]))
    made.create()
    with exactly(PanDeviceXapiError, match="cannot be deleted because of references from"):
        address.delete()
    # The refusal left it in place, here and there.
    assert "in use" in names(AddressObject, firewall)
    made.delete()
    address.delete()
    assert "in use" not in names(AddressObject, firewall)


def test_a_rename_is_followed_by_the_rules_that_use_it(firewall):
    address = firewall.add(AddressObject("first name", "10.1.2.3"))
    address.create()
    made = rulebase_of(firewall).add(rule("uses it", source=["first name"]))
    made.create()
    address.rename("second name")
    made.refresh()
    assert made.source == ["second name"]


def test_many_objects_are_made_and_deleted_in_one_request(firewall):
    made = [firewall.add(AddressObject(f"bulk-{number}", f"10.2.0.{number}")) for number in range(50)]
    made[0].create_similar()
    assert len(names(AddressObject, firewall)) == 50
    made[0].delete_similar()
    assert names(AddressObject, firewall) == []


def test_an_object_that_is_not_there_is_missing(firewall):
    with exactly(PanObjectMissing):
        firewall.add(AddressObject("nobody")).refresh()


def test_reading_all_of_a_kind_without_any_is_an_empty_list(firewall):
    assert names(AddressGroup, firewall) == []
