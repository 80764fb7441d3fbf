"""Gives each test a firewall of its own, over HTTPS, from the address in FIREWALLS."""

import json
import os
import urllib.request

import pytest

HOST = "127.0.0.1"


def call(method, path, body=None):
    """One request to the maker of firewalls."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["FIREWALLS"] + path, sent, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


class Served:
    """One firewall: where it listens, who may use it, and what it holds."""

    def __init__(self, options):
        made = call("POST", "/", options)
        self.id = made["id"]
        self.port = made["port"]
        self.ca = made["ca"]
        self._administrators = made["administrators"]

    def key(self, administrator="admin"):
        return self._administrators[administrator]["key"]

    def password(self, administrator="admin"):
        return self._administrators[administrator]["password"]

    def configuration(self, which):
        """The configuration as the firewall holds it, not as a client understood it: `running` or `candidate`."""
        return call("GET", f"/{self.id}/{which}")["xml"]

    def control(self, **command):
        """Arms a fault, or changes the device."""
        call("POST", f"/{self.id}/control", command)


@pytest.fixture
def serve():
    """Makes firewalls with options; they end with the test."""
    made = []

    def make(**options):
        firewall = Served(options)
        made.append(firewall)
        return firewall

    yield make
    for firewall in made:
        call("DELETE", f"/{firewall.id}")


@pytest.fixture
def served(serve):
    """The firewall of the demonstration."""
    return serve()
