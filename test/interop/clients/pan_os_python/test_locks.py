"""pan-os-python: config and commit locks."""

import pytest
from panos.errors import PanDeviceXapiError, PanLockError
from panos.objects import AddressObject

from ..exactly import exactly
from .conftest import firewall_at, rule, rulebase_of

# Before 9.1 locks are listed without naming a vsys, which is how pan-os-python asks.
OLD = "9.0.9"


@pytest.fixture
def two(serve):
    """Two administrators at a firewall of an older release."""
    served = serve(swVersion=OLD, lockTexts="older")
    return firewall_at(served, "admin"), firewall_at(served, "colleague")


def test_a_config_lock_is_taken_seen_and_given_back(two):
    admin, _ = two
    assert admin.check_config_locks() is False
    assert admin.add_config_lock(comment="maintenance") is True
    assert admin.check_config_locks() is True
    assert admin.remove_config_lock() is True
    assert admin.check_config_locks() is False


def test_a_commit_lock_is_taken_seen_and_given_back(two):
    admin, _ = two
    assert admin.add_commit_lock(comment="maintenance") is True
    assert admin.check_commit_locks() is True
    assert admin.remove_commit_lock() is True
    assert admin.check_commit_locks() is False


def test_a_config_lock_of_ones_own_cannot_be_taken_twice(two):
    admin, _ = two
    admin.add_config_lock()
    with exactly(PanLockError, match="You already own a config lock for scope shared"):
        admin.add_config_lock()
    assert admin.add_config_lock(exceptions=False) is False


def test_a_config_lock_of_somebody_else_cannot_be_taken(two):
    admin, colleague = two
    colleague.add_config_lock()
    with exactly(PanLockError, match="Config for scope shared is currently locked by colleague"):
        admin.add_config_lock()


def test_a_commit_lock_cannot_be_taken_twice_on_newer_releases(served):
    admin = firewall_at(served)
    admin.add_commit_lock()
    with exactly(PanLockError, match="Commit lock is already held by admin"):
        admin.add_commit_lock()


def test_the_words_of_newer_releases_for_a_config_lock_are_unknown_to_the_client(served):
    admin = firewall_at(served)
    admin.add_config_lock()
    with exactly(PanDeviceXapiError, match="Config lock is already held by admin"):
        admin.add_config_lock()


def test_a_config_lock_that_is_not_held_cannot_be_given_back(two):
    admin, _ = two
    with exactly(PanLockError, match="Config is not currently locked for scope shared"):
        admin.remove_config_lock()
    assert admin.remove_config_lock(exceptions=False) is False


def test_a_commit_lock_of_nobody_cannot_be_taken_from_a_named_holder(two):
    admin, _ = two
    with exactly(PanLockError, match="Commit lock is not currently held by colleague"):
        admin.remove_commit_lock(admin="colleague")


def test_a_superuser_gives_back_a_colleagues_commit_lock(two):
    admin, colleague = two
    colleague.add_commit_lock()
    assert admin.remove_commit_lock(admin="colleague") is True
    assert admin.check_commit_locks() is False


def test_a_write_under_a_colleagues_config_lock_is_a_lock_error(two):
    admin, colleague = two
    colleague.add_config_lock()
    with exactly(PanLockError, match="Configuration is locked by"):
        admin.add(AddressObject("blocked", "10.1.2.3")).create()
    colleague.add(AddressObject("allowed", "10.1.2.3")).create()
    colleague.remove_config_lock()
    admin.add(AddressObject("now allowed", "10.1.2.3")).create()


def test_a_lock_of_another_scope_is_its_own(two):
    admin, colleague = two
    assert admin.add_commit_lock(scope="vsys1") is True
    assert colleague.add_commit_lock(scope="shared") is True
    assert admin.remove_commit_lock(scope="vsys1") is True


def test_a_commit_under_a_colleagues_commit_lock_is_refused(two):
    admin, colleague = two
    rulebase_of(admin).add(rule("waits")).create()
    colleague.add_commit_lock()
    with exactly(PanDeviceXapiError, match="Other administrators are holding device wide commit locks"):
        admin.commit(sync=True, exception=True)


def test_both_locks_go_with_the_holders_commit(two):
    admin, _ = two
    admin.add_config_lock()
    admin.add_commit_lock()
    rulebase_of(admin).add(rule("with locks")).create()
    assert admin.commit(sync=True, exception=True)["success"]
    assert admin.check_config_locks() is False and admin.check_commit_locks() is False


def test_asking_for_locks_without_a_vsys_is_refused_on_newer_releases(served):
    """Captured: `vsys not provided`. pan-os-python never names one there."""
    with exactly(PanDeviceXapiError):
        firewall_at(served).check_config_locks()


def test_a_read_only_administrator_takes_no_lock(serve):
    served = serve()
    with exactly(PanDeviceXapiError):
        firewall_at(served, "auditor").add_config_lock()


def test_all_locks_are_given_back_whether_held_or_not(two):
    admin, _ = two
    admin.remove_all_locks()
    admin.add_config_lock()
    admin.add_commit_lock()
    admin.remove_all_locks()
    assert admin.check_config_locks() is False and admin.check_commit_locks() is False
