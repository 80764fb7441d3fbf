// Package interop lets the vendor's Go client work on a simulated firewall of its own for each test.
package interop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/PaloAltoNetworks/pango"
	"github.com/PaloAltoNetworks/pango/commit"
	"github.com/PaloAltoNetworks/pango/objs/addr"
	"github.com/PaloAltoNetworks/pango/objs/srvc"
	"github.com/PaloAltoNetworks/pango/poli/security"
	"github.com/PaloAltoNetworks/pango/util"
)

const vsys = "vsys1"

var administrators = []string{"Web out", "Web in", "Clear text", "Clean up"}

// made is what the maker of firewalls at FIREWALLS answers.
type made struct {
	ID             string `json:"id"`
	Port           uint   `json:"port"`
	CA             string `json:"ca"`
	Administrators map[string]struct {
		Key string `json:"key"`
	} `json:"administrators"`
}

func firewall(t *testing.T) *pango.Firewall {
	t.Helper()
	maker := os.Getenv("FIREWALLS")
	response, err := http.Post(maker+"/", "application/json", bytes.NewBufferString("{}"))
	must(t, err)
	defer response.Body.Close()
	var served made
	must(t, json.NewDecoder(response.Body).Decode(&served))
	t.Cleanup(func() {
		request, _ := http.NewRequest(http.MethodDelete, maker+"/"+served.ID, nil)
		if ended, err := http.DefaultClient.Do(request); err == nil {
			ended.Body.Close()
		}
	})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(served.CA)) {
		t.Fatal("the firewall's certificate cannot be read")
	}
	client := &pango.Firewall{Client: pango.Client{
		Hostname:  "127.0.0.1",
		Port:      served.Port,
		ApiKey:    served.Administrators["admin"].Key,
		Logging:   pango.LogQuiet,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	}}
	must(t, client.Initialize())
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want interface{}) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func rule(name string) security.Entry {
	entry := security.Entry{
		Name:                 name,
		SourceZones:          []string{"untrust"},
		DestinationZones:     []string{"trust"},
		SourceAddresses:      []string{"192.0.2.1"},
		DestinationAddresses: []string{"10.0.1.11"},
		Applications:         []string{"ssl"},
		Services:             []string{"service-https"},
	}
	entry.Defaults()
	return entry
}

func list(t *testing.T, fw *pango.Firewall) []string {
	t.Helper()
	names, err := fw.Policies.Security.GetList(vsys)
	must(t, err)
	return names
}

func commitOurs(t *testing.T, fw *pango.Firewall) {
	t.Helper()
	id, _, err := fw.Commit(commit.FirewallCommit{Admins: []string{"admin"}, Description: "by pango"}, "", nil)
	must(t, err)
	if id == 0 {
		t.Fatal("the commit was given no job")
	}
	must(t, fw.WaitForJob(id, 10*time.Millisecond, nil, nil))
}

func TestRulesAreListedByNameInOrder(t *testing.T) {
	fw := firewall(t)
	same(t, list(t, fw), administrators)
	running, err := fw.Policies.Security.ShowList(vsys)
	must(t, err)
	same(t, running, administrators)
}

func TestARuleNotCommittedIsListedByGetAndNotByShow(t *testing.T) {
	fw := firewall(t)
	must(t, fw.Policies.Security.Set(vsys, rule("pending")))
	same(t, list(t, fw), append(append([]string{}, administrators...), "pending"))
	running, err := fw.Policies.Security.ShowList(vsys)
	must(t, err)
	same(t, running, administrators)
}

func TestARuleReadsBackFieldByField(t *testing.T) {
	fw := firewall(t)
	sent := rule("made by pango")
	must(t, fw.Policies.Security.Set(vsys, sent))
	read, err := fw.Policies.Security.Get(vsys, sent.Name)
	must(t, err)
	if read.Uuid == "" {
		t.Fatal("the rule has no uuid")
	}
	same(t, read.SourceZones, sent.SourceZones)
	same(t, read.DestinationZones, sent.DestinationZones)
	same(t, read.SourceAddresses, sent.SourceAddresses)
	same(t, read.DestinationAddresses, sent.DestinationAddresses)
	same(t, read.Applications, sent.Applications)
	same(t, read.Services, sent.Services)
	same(t, read.Action, "allow")
}

func TestAGroupOfRulesIsMovedToItsPlace(t *testing.T) {
	fw := firewall(t)
	first, second := rule("first"), rule("second")
	must(t, fw.Policies.Security.Set(vsys, first, second))
	must(t, fw.Policies.Security.MoveGroup(vsys, util.MoveDirectlyBefore, "Clean up", first, second))
	same(t, list(t, fw), []string{"Web out", "Web in", "Clear text", "first", "second", "Clean up"})
	must(t, fw.Policies.Security.MoveGroup(vsys, util.MoveTop, "", second))
	same(t, list(t, fw)[0], "second")
}

func TestAnEditedRuleKeepsItsPlaceAndADeletedOneIsGone(t *testing.T) {
	fw := firewall(t)
	edited, err := fw.Policies.Security.Get(vsys, "Web in")
	must(t, err)
	edited.Description = "edited"
	must(t, fw.Policies.Security.Edit(vsys, edited))
	same(t, list(t, fw), administrators)
	must(t, fw.Policies.Security.Delete(vsys, "Clear text"))
	same(t, list(t, fw), []string{"Web out", "Web in", "Clean up"})
}

func TestObjectsAreMadeListedAndReadBack(t *testing.T) {
	fw := firewall(t)
	must(t, fw.Objects.Services.Set(vsys, srvc.Entry{Name: "by-pango", Protocol: "tcp", DestinationPort: "8443"}))
	must(t, fw.Objects.Address.Set(vsys, addr.Entry{Name: "by-pango", Type: addr.IpNetmask, Value: "192.0.2.7"}))
	service, err := fw.Objects.Services.Get(vsys, "by-pango")
	must(t, err)
	same(t, []string{service.Protocol, service.DestinationPort}, []string{"tcp", "8443"})
	names, err := fw.Objects.Address.GetList(vsys)
	must(t, err)
	same(t, names[len(names)-1], "by-pango")
}

func TestACommitByAdministratorRunsAndCarriesTheRule(t *testing.T) {
	fw := firewall(t)
	must(t, fw.Policies.Security.Set(vsys, rule("committed")))
	must(t, fw.Policies.Security.SetAuditComment(vsys, "committed", "why"))
	comment, err := fw.Policies.Security.CurrentAuditComment(vsys, "committed")
	must(t, err)
	same(t, comment, "why")
	commitOurs(t, fw)
	running, err := fw.Policies.Security.ShowList(vsys)
	must(t, err)
	same(t, running[len(running)-1], "committed")
	hits, err := fw.Policies.Security.HitCount(vsys, []string{"committed"})
	must(t, err)
	same(t, len(hits), 1)
	same(t, hits[0].Name, "committed")
}

func TestALockIsTakenShownAndGivenBack(t *testing.T) {
	fw := firewall(t)
	must(t, fw.LockConfig("", "by pango"))
	locks, err := fw.ConfigLocks("")
	must(t, err)
	same(t, len(locks), 1)
	same(t, locks[0].Owner, "admin")
	must(t, fw.UnlockConfig(""))
	locks, err = fw.ConfigLocks("")
	must(t, err)
	same(t, len(locks), 0)
}
