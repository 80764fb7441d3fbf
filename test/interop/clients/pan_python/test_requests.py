"""pan-python: every kind of request a rule tool makes, over HTTPS with the certificate checked."""

import pan.xapi
import pytest
from pan.commit import PanCommit
from pan.xapi import PanXapi, PanXapiError

from ..exactly import exactly
from .conftest import ADMINISTRATORS, HOST, RULE, RULES, VSYS, api_at, entry, rule_names


def test_the_newest_release_is_the_one_tested():
    assert pan.xapi.__file__.split("/")[-3] == "newest"


def test_a_certificate_nobody_vouches_for_is_refused(served):
    import ssl

    with exactly(PanXapiError, match="CERTIFICATE_VERIFY_FAILED"):
        PanXapi(hostname=HOST, port=served.port, api_key="any", ssl_context=ssl.create_default_context()).get("/config")


def test_a_key_is_generated_and_works(served):
    api = PanXapi(hostname=HOST, port=served.port, api_username="admin", api_password=served.password())
    key = api.keygen()
    assert key and api.status == "success"
    again = PanXapi(hostname=HOST, port=served.port, api_key=key)
    again.op("show system info", cmd_xml=True)
    assert again.element_result.findtext("./system/hostname") == "edge-firewall"


@pytest.mark.parametrize("password", ["a&b=c+d%20", "ümlaut and 漢字", "<key>'\""])
def test_passwords_with_any_signs_are_taken(serve, password):
    served = serve(passwords={"admin": password})
    assert PanXapi(hostname=HOST, port=served.port, api_username="admin", api_password=password).keygen()
    with exactly(PanXapiError, match="code: 403 reason: Invalid Credential"):
        PanXapi(hostname=HOST, port=served.port, api_username="admin", api_password=password + "x").keygen()


def test_requests_by_get_are_answered_as_those_by_post(served):
    assert rule_names(api_at(served, use_get=True)) == ADMINISTRATORS


def test_a_get_of_something_has_code_19_of_nothing_code_7(api):
    api.get(entry("Web in"))
    assert (api.status, api.status_code) == ("success", "19")
    api.get(entry("nobody"))
    assert (api.status, api.status_code) == ("success", "7")
    assert len(api.element_result) == 0


def test_a_show_of_nothing_is_no_such_node(api):
    with exactly(PanXapiError, match="^No such node$"):
        api.show(entry("nobody"))
    assert (api.status, api.status_code) == ("error", None)


def test_a_show_of_something_has_no_marks_of_pending_changes(api):
    api.set(entry("mine"), RULE)
    api.get(entry("mine"))
    read = api.element_result.find("./entry")
    assert read.get("admin") == "admin" and read.get("dirtyId") and read.get("uuid")
    api.commit(cmd="<commit/>", sync=True, interval=0.05)
    api.show(entry("mine"))
    shown = api.element_result.find("./entry")
    assert shown.get("dirtyId") is None and shown.get("uuid") == read.get("uuid")


@pytest.mark.parametrize("action", ["set", "edit"])
def test_a_rule_is_made_and_succeeds_with_code_20(api, action):
    if action == "set":
        api.set(entry("made"), RULE)
    else:
        api.edit(entry("made"), f"<entry name='made'>{RULE}</entry>")
    assert (api.status, api.status_code, api.status_detail) == ("success", "20", "command succeeded")
    assert rule_names(api) == [*ADMINISTRATORS, "made"]


def test_a_set_adds_members_and_an_edit_replaces_them(api):
    def destinations():
        api.get(f"{entry('Web in')}/destination")
        return [each.text for each in api.element_result.iter("member")]

    api.set(f"{entry('Web in')}/destination", "<member>10.0.1.14</member>")
    assert destinations() == ["10.0.1.11", "10.0.1.12", "10.0.1.13", "10.0.1.14"]
    api.edit(f"{entry('Web in')}/destination", "<destination><member>10.0.1.14</member></destination>")
    assert destinations() == ["10.0.1.14"]


def test_rules_move_are_renamed_and_cloned(api):
    api.move(entry("Clean up"), "top")
    api.move(entry("Web out"), "after", "Web in")
    assert rule_names(api) == ["Clean up", "Web in", "Web out", "Clear text"]
    api.move(entry("Clean up"), "bottom")
    api.rename(entry("Web out"), "Out")
    api.clone(RULES, xpath_from=entry("Out"), newname="Out again")
    assert rule_names(api) == ["Web in", "Out", "Clear text", "Clean up", "Out again"]


def test_a_move_before_nothing_named_is_refused_with_code_7(api):
    with exactly(PanXapiError, match="no target specified in move"):
        api.move(entry("Web in"), "after")
    assert api.status_code == "7"


def test_a_delete_of_nothing_succeeds_with_code_7(api):
    api.delete(entry("nobody"))
    assert (api.status, api.status_code, api.status_detail) == ("success", "7", "Object doesn't exist")


def test_a_delete_of_what_is_in_use_has_code_10(api):
    api.set(f"{VSYS}/address/entry[@name='used']", "<ip-netmask>10.1.2.3</ip-netmask>")
    api.set(entry("user"), RULE.replace("<source><member>any", "<source><member>used"))
    with exactly(PanXapiError, match="cannot be deleted because of references from"):
        api.delete(f"{VSYS}/address/entry[@name='used']")
    assert api.status_code == "10"


def test_errors_show_their_lines(api):
    with exactly(PanXapiError, match="'nothing' is not a valid reference") as raised:
        api.set(entry("dangling"), RULE.replace("<source><member>any", "<source><member>nothing"))
    assert (api.status, api.status_code) == ("error", "12")
    assert str(raised.value).splitlines()[-1].endswith("source is invalid")


def test_names_of_64_characters_are_too_long(api):
    with exactly(PanXapiError, match="at most 63 characters, but current length: 64"):
        api.set(entry("n" * 64), RULE)
    assert api.status_code == "12"


def test_a_schema_unknown_to_the_device_has_code_13(api):
    with exactly(PanXapiError, match="Could not find schema node for xpath"):
        api.set("/config/shared/security/rules/entry[@name='x']", RULE)
    assert api.status_code == "13"


class TestMultiConfig:
    def test_all_operations_are_done(self, api):
        api.multi_config(
            "<multi>"
            f"<set id='1' xpath=\"{entry('one')}\">{RULE}</set>"
            f"<edit id='2' xpath=\"{entry('two')}\"><entry name='two'>{RULE}</entry></edit>"
            f"<move id='3' xpath=\"{entry('two')}\" where='before' dst='Clean up'/>"
            f"<rename id='4' xpath=\"{entry('one')}\" newname='uno'/>"
            f"<delete id='5' xpath=\"{entry('nobody')}\"/>"
            "</multi>"
        )
        assert (api.status, api.status_code) == ("success", "20")
        replies = api.element_root.findall("./response")
        assert [each.get("id") for each in replies] == ["1", "2", "3", "4", "5"]
        assert [each.get("code") for each in replies] == ["20", "20", "20", "20", "7"]
        assert rule_names(api) == ["Web out", "Web in", "Clear text", "two", "Clean up", "uno"]

    def test_one_bad_operation_undoes_all(self, api):
        with exactly(PanXapiError) as raised:
            api.multi_config(
                "<multi>"
                f"<set id='1' xpath=\"{entry('one')}\">{RULE}</set>"
                f"<set id='2' xpath=\"{entry('two')}\"><nonsense/></set>"
                f"<set id='3' xpath=\"{entry('three')}\">{RULE}</set>"
                "</multi>"
            )
        lines = str(raised.value).splitlines()
        assert lines[0].startswith('status="success" code="20" id="1"')
        assert lines[1].startswith('status="error" code="12" id="2"') and "nonsense unexpected here" in lines[1]
        assert len(lines) == 2
        assert rule_names(api) == ADMINISTRATORS

    def test_strict_takes_back_the_callers_own_changes_first(self, api):
        api.set(entry("before"), RULE)
        api.multi_config(f"<multi><set xpath=\"{entry('strict')}\">{RULE}</set></multi>", strict=True)
        assert rule_names(api) == [*ADMINISTRATORS, "strict"]

    def test_an_object_and_the_rule_that_uses_it_come_in_one_request(self, api):
        api.multi_config(
            f"<multi><set xpath=\"{VSYS}/address/entry[@name='new']\"><ip-netmask>10.1.2.3</ip-netmask></set>"
            f"<set xpath=\"{entry('uses it')}\">{RULE.replace('<source><member>any', '<source><member>new')}</set></multi>"
        )
        assert rule_names(api) == [*ADMINISTRATORS, "uses it"]

    def test_it_is_refused_where_it_is_not_known(self, serve):
        with exactly(PanXapiError):
            api_at(serve(multiConfig=False)).multi_config(f"<multi><delete xpath=\"{entry('Web in')}\"/></multi>")


class TestCommits:
    def test_a_commit_is_polled_until_it_is_done(self, serve):
        api = api_at(serve(jobMilliseconds=400))
        api.set(entry("committed"), RULE)
        api.commit(cmd="<commit></commit>", sync=True, interval=0.1, timeout=10)
        assert api.element_root.findtext("./result/job/status") == "FIN"
        assert api.element_root.findtext("./result/job/result") == "OK"
        assert rule_names(api, running=True) == [*ADMINISTRATORS, "committed"]

    def test_a_commit_says_its_job_at_once(self, serve):
        api = api_at(serve(jobMilliseconds=60_000))
        api.set(entry("queued"), RULE)
        api.commit(cmd="<commit></commit>")
        assert api.status_code == "19"
        job = api.element_root.findtext("./result/job")
        assert api.status_detail == f"Commit job enqueued with jobid {job}"
        api.op(f'show jobs id "{job}"', cmd_xml=True)
        assert api.element_root.findtext("./result/job/result") == "PEND"
        assert api.element_root.findtext("./result/job/status") in ("PEND", "ACT")

    def test_nothing_to_commit_is_a_success_with_code_19(self, api):
        api.commit(cmd="<commit></commit>", sync=True)
        assert (api.status, api.status_code) == ("success", "19")
        assert api.status_detail == "There are no changes to commit."

    def test_a_commit_by_administrator_carries_only_theirs(self, api, colleague):
        colleague.set(entry("theirs"), RULE)
        api.set(entry("mine"), RULE)
        api.commit(
            cmd="<commit><partial><admin><member>admin</member></admin></partial></commit>",
            action="partial",
            sync=True,
            interval=0.05,
        )
        assert rule_names(api, running=True) == [*ADMINISTRATORS, "mine"]
        assert rule_names(api) == [*ADMINISTRATORS, "theirs", "mine"]

    def test_a_commit_without_the_docs_own_action_is_the_same(self, api, colleague):
        colleague.set(entry("theirs"), RULE)
        api.set(entry("mine"), RULE)
        api.commit(
            cmd="<commit><partial><admin><member>admin</member></admin></partial></commit>", sync=True, interval=0.05
        )
        assert rule_names(api, running=True) == [*ADMINISTRATORS, "mine"]

    def test_a_validation_changes_nothing(self, api):
        command = PanCommit(validate=True)
        api.set(entry("only checked"), RULE)
        api.commit(cmd=command.cmd(), sync=True, interval=0.05)
        assert api.element_root.findtext("./result/job/type") == "Validate"
        assert api.element_root.findtext("./result/job/result") == "OK"
        assert rule_names(api, running=True) == ADMINISTRATORS

    def test_a_forced_commit_runs_without_changes(self, api):
        api.commit(cmd=PanCommit(force=True).cmd(), sync=True, interval=0.05)
        assert api.element_root.findtext("./result/job/result") == "OK"

    def test_a_job_that_fails_shows_its_lines(self, api):
        api.set(entry("no action"), RULE.replace("<action>allow</action>", ""))
        api.commit(cmd="<commit></commit>", sync=True, interval=0.05)
        assert api.element_root.findtext("./result/job/result") == "FAIL"
        assert "is missing 'action'" in api.status_detail

    def test_a_colleagues_commit_lock_stops_it_with_code_14(self, api, colleague):
        api.set(entry("waits"), RULE)
        colleague.op("<request><commit-lock><add><comment>no</comment></add></commit-lock></request>")
        with exactly(PanXapiError, match="Other administrators are holding device wide commit locks."):
            api.commit(cmd="<commit></commit>")
        assert api.status_code == "14"


class TestOperations:
    def test_an_unknown_command_has_code_17(self, api):
        with exactly(PanXapiError):
            api.op("<show><nonsense/></show>")
        assert api.status_code == "17"

    def test_a_command_that_is_no_xml_is_refused(self, api):
        with exactly(PanXapiError):
            api.op("<show><system>")

    def test_pending_changes_and_their_list(self, api):
        api.op("check pending-changes", cmd_xml=True)
        assert api.element_result.text == "no"
        api.set(entry("pending"), RULE)
        api.op("check pending-changes", cmd_xml=True)
        assert api.element_result.text == "yes"
        api.op("<show><config><list><changes/></list></config></show>")
        listed = api.element_result.findall("./journal/entry")
        assert {each.findtext("owner") for each in listed} == {"admin"}
        assert any(each.findtext("xpath").endswith("entry[@name='pending']") for each in listed)

    def test_ones_own_changes_are_reverted_and_others_stay(self, api, colleague):
        api.set(entry("mine"), RULE)
        colleague.set(entry("theirs"), RULE)
        api.op(
            "<revert><config><partial><admin><member>admin</member></admin></partial></config></revert>",
        )
        assert rule_names(api) == [*ADMINISTRATORS, "theirs"]

    def test_locks_are_listed_with_their_holder_and_comment(self, api):
        api.op("<request><config-lock><add><comment>at work</comment></add></config-lock></request>")
        assert api.element_result.text.startswith("Successfully acquired lock.")
        api.op("<show><config-locks><vsys>all</vsys></config-locks></show>")
        held = api.element_result.find("./config-locks/entry")
        assert held.get("name") == "admin" and held.findtext("comment") == "at work"
        api.op("<request><config-lock><remove/></config-lock></request>")
        assert api.element_result.text == "Config lock released for admin"

    def test_a_read_only_administrator_reads_and_does_not_write(self, served):
        auditor = api_at(served, "auditor")
        assert rule_names(auditor) == ADMINISTRATORS
        with exactly(PanXapiError):
            auditor.delete(entry("Web in"))
        assert rule_names(auditor) == ADMINISTRATORS

    def test_an_administrator_whose_role_has_no_commit_is_forbidden(self, served):
        robot = api_at(served, "robot")
        with exactly(PanXapiError, match="code: 403"):
            robot.commit(cmd="<commit></commit>")

    def test_the_version_is_told(self, api):
        api.ad_hoc("type=version", modify_qs=True)
        assert api.element_result.findtext("sw-version") == "11.1.4"

    def test_tags_of_addresses(self, api):
        def message(block, ip, tag):
            return (
                "<uid-message><version>2.0</version><type>update</type><payload>"
                f"<{block}><entry ip='{ip}'><tag><member>{tag}</member></tag></entry></{block}></payload></uid-message>"
            )

        api.user_id(cmd=message("register", "10.0.1.11", "web"), vsys="vsys1")
        assert api.status == "success"
        api.op("<show><object><registered-ip><all/></registered-ip></object></show>", vsys="vsys1")
        assert [each.get("ip") for each in api.element_result.findall("entry")] == ["10.0.1.11"]
        api.user_id(cmd=message("unregister", "10.0.1.11", "web"), vsys="vsys1")
        api.op("<show><object><registered-ip><all/></registered-ip></object></show>", vsys="vsys1")
        assert api.element_result.findtext("count") == "0"

    def test_the_words_for_a_tag_registered_twice_are_shown(self, serve):
        api = api_at(serve(strictUserId=True))
        message = (
            "<uid-message><version>1.0</version><type>update</type><payload><register>"
            "<entry ip='192.168.1.2'><tag><member>web</member></tag></entry></register></payload></uid-message>"
        )
        api.user_id(cmd=message, vsys="vsys1")
        with exactly(PanXapiError) as raised:
            api.user_id(cmd=message, vsys="vsys1")
        assert str(raised.value) == "ip: 192.168.1.2 message: tag web already exists, ignore"

    def test_a_log_in_page_is_no_answer(self, served):
        served.control(kind="add-fault", fault={"kind": "html"}, times=1)
        with exactly(PanXapiError, match="no handler for content-type: {"):
            api_at(served).op("show system info", cmd_xml=True)

    def test_a_reply_cut_short_is_no_answer(self, served):
        served.control(kind="add-fault", fault={"kind": "truncate", "bytes": 40}, times=1)
        with pytest.raises(Exception) as raised:
            api_at(served).op("show system info", cmd_xml=True)
        assert type(raised.value).__name__ in ("IncompleteRead", "PanXapiError")
