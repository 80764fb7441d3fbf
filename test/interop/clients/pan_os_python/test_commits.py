"""pan-os-python: commits, whole and by administrator, jobs, pending changes, reverting."""

import pytest
from panos.errors import (
    PanCommitFailed,
    PanCommitInProgress,
    PanCommitNotNeeded,
    PanDeviceXapiError,
    PanInstallInProgress,
    PanURLError,
)
from panos.firewall import FirewallCommit
from panos.objects import AddressObject
from panos.policies import SecurityRule

from ..exactly import exactly
from .conftest import ADMINISTRATORS, firewall_at, rule, rule_names, rulebase_of


def test_a_commit_makes_changes_running(firewall):
    rulebase_of(firewall).add(rule("committed")).create()
    result = firewall.commit(sync=True, exception=True)
    assert result["success"] is True and result["result"] == "OK" and result["user"] == "admin"
    assert "Configuration committed successfully" in result["messages"]
    assert rule_names(firewall, running=True) == [*ADMINISTRATORS, "committed"]


def test_a_commit_takes_its_time_and_is_waited_for(connect):
    _, firewall = connect(jobMilliseconds=1500)
    rulebase_of(firewall).add(rule("slow")).create()
    job = firewall.commit()
    assert rule_names(firewall, running=True) == ADMINISTRATORS
    result = firewall.syncjob(job, interval=0.1)
    assert result["success"] and result["jobid"] == job
    assert rule_names(firewall, running=True) == [*ADMINISTRATORS, "slow"]


def test_nothing_to_commit_is_told_as_such(firewall):
    with exactly(PanCommitNotNeeded):
        firewall.commit(sync=True, exception=True)
    assert firewall.commit(sync=True) is None


def test_nothing_of_ones_own_to_commit_is_told_as_such(firewall, colleague):
    rulebase_of(colleague).add(rule("of a colleague")).create()
    with exactly(PanCommitNotNeeded):
        firewall.commit(sync=True, exception=True, admins="admin")


def test_a_commit_by_administrator_leaves_the_others_changes(firewall, colleague):
    rulebase_of(firewall).add(rule("mine")).create()
    rulebase_of(colleague).add(rule("of a colleague")).create()
    assert firewall.commit(sync=True, exception=True, admins=["admin"])["success"]
    assert rule_names(firewall, running=True) == [*ADMINISTRATORS, "mine"]
    assert rule_names(firewall) == [*ADMINISTRATORS, "mine", "of a colleague"]
    assert colleague.pending_changes() is True
    assert colleague.commit(sync=True, exception=True, admins=["colleague"])["success"]
    assert rule_names(firewall, running=True) == [*ADMINISTRATORS, "mine", "of a colleague"]
    assert firewall.pending_changes() is False


def test_a_whole_commit_carries_everybodys_changes(firewall, colleague):
    rulebase_of(colleague).add(rule("of a colleague")).create()
    rulebase_of(firewall).add(rule("mine")).create()
    assert firewall.commit(sync=True, exception=True)["success"]
    assert rule_names(firewall, running=True) == [*ADMINISTRATORS, "of a colleague", "mine"]


def test_a_commit_object_carries_description_and_administrators(firewall):
    rulebase_of(firewall).add(rule("described")).create()
    command = FirewallCommit(description="made by a client", admins=["admin"])
    result = firewall.commit(sync=True, exception=True, cmd=command)
    assert result["success"]
    assert result["xml"].findtext("./result/job/description") == "made by a client"


def test_a_forced_commit_runs_without_changes(firewall):
    assert firewall.commit(sync=True, exception=True, cmd=FirewallCommit(force=True))["success"]


def test_a_commit_the_firewall_refuses_to_finish_raises_with_its_lines(connect):
    served, firewall = connect()
    served.control(kind="add-fault", fault={"kind": "commit-fails", "lines": ["Validation Error:", " vsys is invalid"]})
    rulebase_of(firewall).add(rule("unlucky")).create()
    with exactly(PanCommitFailed) as raised:
        firewall.commit(sync=True, exception=True)
    assert raised.value.result["result"] == "FAIL"
    assert "vsys is invalid" in " ".join(raised.value.result["messages"])
    assert rule_names(firewall, running=True) == ADMINISTRATORS


def test_a_rule_without_service_writes_and_fails_the_commit(firewall):
    rulebase_of(firewall).add(rule("no service", service=None)).create()
    with exactly(PanCommitFailed) as raised:
        firewall.commit(sync=True, exception=True)
    assert "is missing 'service'" in " ".join(raised.value.result["messages"])


def test_pending_changes_are_yes_until_committed(firewall):
    assert firewall.pending_changes() is False
    firewall.add(AddressObject("pending", "10.1.2.3")).create()
    assert firewall.pending_changes() is True
    firewall.commit(sync=True, exception=True)
    assert firewall.pending_changes() is False


def test_reverting_to_running_takes_the_candidate_back(firewall):
    rulebase_of(firewall).add(rule("reverted")).create()
    firewall.revert_to_running_configuration()
    assert rule_names(firewall) == ADMINISTRATORS


def test_an_unknown_job_raises(firewall):
    with exactly(PanDeviceXapiError, match="job 4711 not found"):
        firewall.syncjob("4711", interval=0.1)


def test_a_lost_connection_while_waiting_is_survived(connect):
    served, firewall = connect(jobMilliseconds=500)
    rulebase_of(firewall).add(rule("survives")).create()
    job = firewall.commit()
    served.control(kind="add-fault", fault={"kind": "drop-before"}, when={"type": "op"}, times=2)
    assert firewall.syncjob(job, interval=0.1)["success"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Another commit/validate is in progress. Please try again later", PanCommitInProgress),
        ("A commit is in progress.", PanCommitInProgress),
        ("You cannot commit while an install is in progress. Please try again later.", PanInstallInProgress),
    ],
)
def test_the_words_of_other_releases_are_classified(connect, text, expected):
    served, firewall = connect()
    body = f'<response status="error" code="13"><msg><line>{text}</line></msg></response>'
    served.control(
        kind="add-fault", fault={"kind": "reply", "status": 200, "body": body}, when={"type": "commit"}, times=1
    )
    with exactly(expected):
        firewall.commit(sync=True, exception=True)


def test_a_commit_during_an_install_is_an_install_in_progress(connect):
    served, firewall = connect(jobMilliseconds=5000)
    rulebase_of(firewall).add(rule("waits")).create()
    served.control(kind="install")
    with exactly(PanInstallInProgress):
        firewall.commit()


def test_a_read_only_administrator_cannot_commit(served):
    auditor = firewall_at(served, "auditor")
    with exactly(PanDeviceXapiError):
        rulebase_of(auditor).add(rule("not allowed")).create()
    with exactly(PanURLError, match="code: 403"):
        auditor.commit(sync=True, exception=True)


def test_a_moved_rule_is_pending_and_commits(firewall):
    rulebase_of(firewall).add(SecurityRule("Web in")).move("top")
    assert firewall.pending_changes() is True
    assert firewall.commit(sync=True, exception=True, admins=["admin"])["success"]
    assert rule_names(firewall, running=True) == ["Web in", "Web out", "Clear text", "Clean up"]


def test_a_commit_of_one_part_leaves_the_other(firewall):
    rulebase_of(firewall).add(rule("a policy")).create()
    firewall.commit_device_and_network(sync=True, exception=False)
    assert rule_names(firewall, running=True) == ADMINISTRATORS
    assert firewall.commit_policy_and_objects(sync=True, exception=True)["success"]
    assert rule_names(firewall, running=True) == [*ADMINISTRATORS, "a policy"]
