"""The words of an event, exactly as argocd-agent writes them: types, targets and the names of attributes."""

from enum import StrEnum
from typing import Final

_PREFIX: Final = "io.argoproj.argocd-agent.event."


class EventType(StrEnum):
    """What an event says. Requests of target RESOURCE and CONTAINERLOG carry a bare HTTP method instead."""

    PING = _PREFIX + "ping"
    PONG = _PREFIX + "pong"
    """Defined but never sent: a Go agent logs it as an error."""
    CREATE = _PREFIX + "create"
    DELETE = _PREFIX + "delete"
    SPEC_UPDATE = _PREFIX + "spec-update"
    STATUS_UPDATE = _PREFIX + "status-update"
    SET_OPERATION = _PREFIX + "set-operation"
    TERMINATE_OPERATION = _PREFIX + "terminate-operation"
    PROCESSED = _PREFIX + "processed"
    """The acknowledgement."""
    GET = _PREFIX + "get"
    RESPONSE = _PREFIX + "response"
    REDIS_REQUEST = _PREFIX + "redis-request"
    REDIS_RESPONSE = _PREFIX + "redis-response"
    REQUEST_SYNCED_RESOURCE_LIST = _PREFIX + "request-synced-resource-list"
    RESPONSE_SYNCED_RESOURCE = _PREFIX + "response-synced-resource"
    REQUEST_UPDATE = _PREFIX + "request-update"
    REQUEST_RESOURCE_RESYNC = _PREFIX + "request-resource-resync"
    CLUSTER_CACHE_INFO_UPDATE = _PREFIX + "cluster-cache-info-update"
    TERMINAL_REQUEST = _PREFIX + "terminal-request"
    ERROR = _PREFIX + "error"


class Target(StrEnum):
    """What an event is about; compared exactly, upper and lower case included."""

    APPLICATION = "application"
    APPPROJECT = "appproject"
    EVENT_PROCESSED = "eventProcessed"
    RESOURCE = "resource"
    REDIS = "redis"
    RESOURCE_RESYNC = "resourceResync"
    CLUSTER_CACHE_INFO_UPDATE = "clusterCacheInfoUpdate"
    REPOSITORY = "repository"
    GPGKEY = "gpgkey"
    CONTAINERLOG = "containerlog"
    HEARTBEAT = "heartbeat"
    TERMINAL = "terminal"
    APPLICATIONSET = "applicationset"
    """Between principals only, for high availability."""


RESOURCE_ID: Final = "resourceid"
EVENT_ID: Final = "eventid"
SENT_AT: Final = "sentat"
PRINCIPAL_UID: Final = "principaluid"
RTT_MS: Final = "rttms"
"""Our extension attribute of a heartbeat: milliseconds from the previous heartbeat to its ack, as `1.625`."""

DATA_SCHEMA: Final = "dataschema"
DATA_CONTENT_TYPE: Final = "datacontenttype"
SUBJECT: Final = "subject"

OWN_FIELDS = frozenset({RESOURCE_ID, EVENT_ID, SENT_AT, PRINCIPAL_UID, SUBJECT})
"""Attributes of type string that are fields of an Event."""

NO_EXTENSIONS = frozenset({DATA_SCHEMA, DATA_CONTENT_TYPE, "time", "id", "source", "specversion", "type"})
"""Names that CloudEvents itself defines: they are never copied into an acknowledgement."""

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def is_extension(name: str) -> bool:
    """Tell whether an attribute of this name is one more extension: lower-case letters and digits, not yet taken.

    The rule is CloudEvents 1.0's for names; attributes with other names are dropped.
    """
    return bool(name) and name not in OWN_FIELDS and name not in NO_EXTENSIONS and _NAME_CHARACTERS.issuperset(name)
