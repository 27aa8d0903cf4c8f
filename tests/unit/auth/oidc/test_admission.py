"""Who may sign in with an account of a provider, as far as its claims show."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.oidc.admission import CONTRADICTED, AdmissionRules, groups_in


def rules(
    *,
    domains: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    claims: tuple[str, ...] = ("groups",),
    verified: str = "strict",
) -> AdmissionRules:
    """Return rules."""
    return AdmissionRules.of(
        domains=domains, groups=groups, groups_claims=claims, email_verified=verified
    )


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (["artists"], {"artists"}),
        ("artists", {"artists"}),
        ("artists,editors", {"artists", "editors", "artists,editors"}),
        ("artists, all users", {"artists", "all users", "artists, all users"}),
        (["/artists"], {"artists"}),
        ("/artists", {"artists"}),
        (["/studio/artists"], {"studio/artists"}),
        (["artists", 7, None, {"name": "x"}], {"artists"}),
        ([["artists"]], set()),
        ({"artists": True}, set()),
        (["", " ", "/"], set()),
        (None, set()),
        (True, set()),
    ],
    ids=lambda value: None if isinstance(value, set) else str(value),
)
def test_forms_of_groups(groups: Any, found: set[str]) -> None:
    """A list, one text, texts with commas, and paths as Keycloak sends them."""
    assert groups_in({"groups": groups}, ("groups",)) == found


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"roles": ["artists"]}, ("roles",)),
        ({"realm_access": {"roles": ["artists"]}}, ("realm_access.roles",)),
        ({"resource_access": {"akin": {"roles": "artists"}}}, ("resource_access.akin.roles",)),
        ({"https://studio.example/groups": ["artists"]}, ("https://studio.example/groups",)),
        ({"cognito:groups": ["artists"]}, ("groups", "cognito:groups")),
    ],
    ids=str,
)
def test_claims_with_groups(claims: dict[str, Any], names: tuple[str, ...]) -> None:
    """The claim has another name with some providers, or is within another claim."""
    assert groups_in(claims, names) == {"artists"}
    assert rules(groups=("artists",), claims=names).refusal(claims) == ""
    assert not rules(groups=("artists",), claims=names).are_groups_missing(claims)


@pytest.mark.parametrize(
    "claims",
    [{}, {"realm_access": "roles"}, {"realm_access": []}, {"realm_access": {"other": ["artists"]}}],
)
def test_claims_without_groups(claims: dict[str, Any]) -> None:
    """The reason names the claim, and the settings to look at."""
    reason = rules(groups=("artists",), claims=("realm_access.roles",)).refusal(claims)
    assert "realm_access.roles" in reason
    assert "AKIN_OIDC_GROUPS_CLAIM" in reason


@pytest.mark.parametrize("setting", ["artists", "/artists"])
@pytest.mark.parametrize("sent", ["artists", "/artists"])
def test_a_slash_at_the_beginning(setting: str, sent: str) -> None:
    """It is ignored on both sides; the group of that name within another one is another group."""
    assert rules(groups=(setting,)).refusal({"groups": [sent]}) == ""
    assert rules(groups=(setting,)).refusal({"groups": ["/other/artists"]}) != ""


ADDRESS = {"email": "ada@studio.example"}


@pytest.mark.parametrize(
    ("verified", "strict", "text", "optional"),
    [
        (True, True, True, True),
        ("true", False, True, True),
        ("True", False, True, True),
        (None, False, False, True),
        (False, False, False, False),
        ("false", False, False, False),
        ("yes", False, False, False),
        ("", False, False, False),
        (1, False, False, False),
        ([], False, False, False),
    ],
    ids=str,
)
def test_verification_of_an_address(
    verified: Any, *, strict: bool, text: bool, optional: bool
) -> None:
    """What counts as verified is a setting; false never does."""
    claims = ADDRESS | ({} if verified is None else {"email_verified": verified})
    admitted = {
        setting: rules(domains=("studio.example",), verified=setting).refusal(claims) == ""
        for setting in ("strict", "text", "optional")
    }
    assert admitted == {"strict": strict, "text": text, "optional": optional}


def test_missing_verification_that_another_source_denies() -> None:
    """`optional` does not overrule a source of claims that says something else."""
    claims = ADDRESS | {CONTRADICTED: True}
    assert rules(domains=("studio.example",), verified="optional").refusal(claims) != ""


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({}, "no mail address"),
        ({"email": "ada@other.example"}, "“other.example”"),
        ({"email": "ada@other.example", "email_verified": False}, "“other.example”"),
        (ADDRESS | {"email_verified": False}, "ada@studio.example is not verified"),
        (ADDRESS | {"email_verified": "true"}, "AKIN_OIDC_EMAIL_VERIFIED=text"),
        (ADDRESS, "AKIN_OIDC_EMAIL_VERIFIED=optional"),
        ({"email": "nobody"}, "“nobody” is not a mail address"),
    ],
    ids=str,
)
def test_reasons_with_domains(claims: dict[str, Any], words: str) -> None:
    """The actual cause is named."""
    assert words in rules(domains=("studio.example", "@second.example")).refusal(claims)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"groups": ["editors", "/staff"]}, "editors, staff"),
        ({"groups": []}, "in no group"),
        ({"_claim_names": {"groups": "src1"}}, "so many groups"),
        ({"hasgroups": "true"}, "so many groups"),
    ],
    ids=str,
)
def test_reasons_with_groups(claims: dict[str, Any], words: str) -> None:
    """The account's groups are named, and that a provider leaves them out."""
    assert words in rules(groups=("artists",)).refusal(claims)


def test_domains_or_groups() -> None:
    """One of the two is enough; where neither is given, both reasons are named."""
    both = rules(domains=("studio.example",), groups=("artists",))
    assert both.refusal({"groups": "artists"}) == ""
    assert both.refusal(ADDRESS | {"email_verified": True}) == ""
    reason = both.refusal({"email": "max@other.example", "groups": ["editors"]})
    assert "other.example" in reason
    assert "editors" in reason
    assert rules(domains=("*",)).refusal({}) == ""


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"groups": ["/artists", "all"]}, ["artists"]),
        ({"email": "Ann@Studio.example", "email_verified": True}, ["ann@studio.example"]),
        ({"email": "ann@studio.example", "email_verified": False}, []),
        ({"email": "ann@studio.example"}, []),
        ({"groups": ["ann@studio.example"]}, []),
        ({"preferred_username": "artists", "name": "artists"}, []),
        ({"groups": "artists, others"}, ["artists"]),
        ({}, []),
    ],
    ids=str,
)
def test_editors_are_groups_and_verified_addresses(
    claims: dict[str, Any], found: list[str]
) -> None:
    """No account can choose to be one: not by its name, nor by the address of another."""
    of = AdmissionRules.of(
        domains=("*",),
        groups=(),
        groups_claims=("groups",),
        email_verified="strict",
        editors=("artists", "Ann@studio.example"),
    )
    assert of.editor_names(claims) == found
