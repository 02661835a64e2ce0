"""Why a text is no cluster name of a customer route: one stable code and one sentence per near-miss."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A code that never changes its meaning and is never used again for another; `sentence` says what to look at."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        """A member is its code's text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    # The text as a whole
    EMPTY = "empty", "it is empty"
    TRAILING_NEWLINE = "trailing_newline", "it ends in a newline; pass the name alone"
    WHITE_SPACE = "white_space", "white space stands before or after it; pass the name alone"
    UNPRINTABLE = "unprintable_character", "it holds a control, invisible or unpaired surrogate character"

    # The line it came in
    NOT_UTF8 = "not_utf8", "its bytes are not UTF-8"
    LINE_TOO_LONG = "line_too_long", "its line has more than a mebibyte"
    NOT_A_JSON_STRING = "not_a_json_string", "its line is no JSON string; write one, in double quotes"

    # Other clusters
    LAYER_4_ROUTE = "layer_4_route", "a TCP, TLS or UDP route has no requests to count"
    MERGED_BACKENDS = "merged_backends", "several routes share it; turn EnvoyProxy mergeBackends off"
    POLICY_SERVICE = "policy_service", "it is the service of a policy (authentication, processing), not of a route"
    GATEWAY_INTERNAL = "gateway_internal", "it belongs to the gateway itself"
    MIRROR = "mirror", "mirrored traffic would count every request twice"
    ACCESS_LOG_ROUTE = "access_log_route", "it is an access log's route name (`/match/`), not a cluster"
    OLD_NAMING_SCHEME = "old_naming_scheme", "Envoy Gateway before 0.6 named it; upgrade the gateway"
    ROUTE_KIND_CASE = "route_kind_case", "the route kind is not in lower case; leave clusterStatName unset"
    NOT_A_ROUTE = "not_a_route", "it starts with neither `httproute/` nor `grpcroute/`"

    # The namespace
    NAMESPACE_EMPTY = "namespace_empty", "the namespace is empty"
    NAMESPACE_TOO_LONG = "namespace_too_long", "the namespace has more than 63 characters"
    NAMESPACE_UPPER_CASE = "namespace_upper_case", "the namespace is not in lower case"
    NAMESPACE_CHARACTER = "namespace_character", "the namespace holds other characters than a-z, 0-9 and `-`"
    NAMESPACE_HYPHEN = "namespace_hyphen", "the namespace starts or ends with `-`"

    # The route's name
    DOTTED = "dotted", "it holds a dot, where Envoy cuts the label off"
    FOREIGN_ROUTE = "foreign_route", "the route name does not start with a project id and a service id"
    IDS_TOO_SHORT = "ids_too_short", "the route name starts with fewer than 64 hex digits"
    IDS_TOO_LONG = "ids_too_long", "the route name starts with more than 64 hex digits"
    IDS_UPPER_CASE = "ids_upper_case", "the ids' hex digits are not in lower case"
    IDS_CHARACTER = "ids_character", "the ids hold other characters than hex digits"
    IDS_HYPHENATED = "ids_hyphenated", "the ids are written with hyphens; a route name holds them without"
    SEPARATOR_MISSING = "separator_missing", "no `-` follows the ids"
    ENVIRONMENT_EMPTY = "environment_empty", "no environment follows the ids"
    ENVIRONMENT_TOO_LONG = "environment_too_long", "the environment has more than 30 characters"
    ENVIRONMENT_UPPER_CASE = "environment_upper_case", "the environment is not in lower case"
    ENVIRONMENT_CHARACTER = "environment_character", "the environment holds other characters than a-z, 0-9 and `-`"
    ENVIRONMENT_HYPHEN = "environment_hyphen", "the environment starts or ends with `-`"

    # The rule, the backend, the end
    RULE_MISSING = "rule_missing", "no `/rule/<number>` follows the route name"
    RULE_EMPTY = "rule_empty", "no number follows `/rule/`"
    RULE_NEGATIVE = "rule_negative", "the rule's number is negative"
    RULE_LEADING_ZERO = "rule_leading_zero", "the rule's number has a leading zero"
    RULE_TOO_LARGE = "rule_too_large", "the rule's number has more than 4 digits"
    RULE_OTHER_DIGITS = "rule_other_digits", "the rule's digits are not 0-9"
    RULE_NOT_A_NUMBER = "rule_not_a_number", "the rule is no number"
    BACKEND_EMPTY = "backend_empty", "no number follows `/backend/`"
    BACKEND_NEGATIVE = "backend_negative", "the backend's number is negative"
    BACKEND_LEADING_ZERO = "backend_leading_zero", "the backend's number has a leading zero"
    BACKEND_TOO_LARGE = "backend_too_large", "the backend's number has more than 4 digits"
    BACKEND_OTHER_DIGITS = "backend_other_digits", "the backend's digits are not 0-9"
    BACKEND_NOT_A_NUMBER = "backend_not_a_number", "the backend is no number"
    TRAILING_TEXT = "trailing_text", "something else than `/backend/<number>` follows the rule, or anything the backend"
