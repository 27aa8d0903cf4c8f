"""Admission of an account of an OpenID provider: by the domain of its mail address, or by group.

Pure functions over the claims of a token. Providers differ in how they send groups (a list, one
text, texts separated by commas, paths such as Keycloak's `/artists`, a claim within a claim) and in
whether they send `email_verified` as a truth value, as text, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANY_DOMAIN: Final = "*"
EMAIL_CLAIMS: Final = frozenset({"email", "email_verified"})
# Set where one source of claims says that an address is not verified, and another says nothing.
CONTRADICTED: Final = "akin:email_contradicted"
_MOST_SHOWN: Final = 20  # groups in a message
_TRUE: Final = "true"
_AT: Final = "@"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRules:
    """Who may sign in. An account needs one of the domains or one of the groups."""

    domains: frozenset[str]
    groups: frozenset[str]
    groups_claims: tuple[str, ...] = ("groups",)
    email_verified: str = "strict"  # or "text", "optional"
    editors: frozenset[str] = frozenset()  # groups, and mail addresses, of those who may edit

    @classmethod
    def of(
        cls,
        *,
        domains: tuple[str, ...],
        groups: tuple[str, ...],
        groups_claims: tuple[str, ...],
        email_verified: str,
        editors: tuple[str, ...] = (),
    ) -> AdmissionRules:
        """Return the rules of settings as they are written."""
        return cls(
            domains=frozenset(domain.casefold().removeprefix("@") for domain in domains),
            groups=frozenset(_group_name(group) for group in groups),
            groups_claims=groups_claims,
            email_verified=email_verified,
            editors=frozenset(map(editor_name, editors)),
        )

    def are_groups_missing(self, claims: Mapping[str, Any]) -> bool:
        """Return whether groups are asked for and no claim names them."""
        return bool(self.groups or self.editors) and not any(
            _value_at(claims, name) is not None for name in self.groups_claims
        )

    def refusal(self, claims: Mapping[str, Any]) -> str:
        """Return "" for an account that may sign in, else one or more sentences with the reason."""
        groups = groups_in(claims, self.groups_claims)
        if not self.groups.isdisjoint(groups) or ANY_DOMAIN in self.domains:
            return ""
        reasons = []
        if self.domains:
            reason = self._email_refusal(claims)
            if not reason:
                return ""
            reasons.append(reason)
        if self.groups:
            reasons.append(self._group_refusal(claims, groups))
        return " ".join(reasons)

    def editor_names(self, claims: Mapping[str, Any]) -> list[str]:
        """Return those of `editors` that an account is: its groups, its verified mail address.

        An address counts in lower case, and a group never as one, so that no account can choose
        to be an editor.
        """
        names = {each for each in groups_in(claims, self.groups_claims) if _AT not in each}
        email = claims.get("email")
        if isinstance(email, str) and _AT in email:
            verified = claims.get("email_verified")
            if not self._verification_refusal(email, verified, claims):
                names.add(editor_name(email))
        return sorted(self.editors & names)

    def _email_refusal(self, claims: Mapping[str, Any]) -> str:
        email = claims.get("email")
        if not isinstance(email, str) or not email:
            return (
                "The sign-in service sent no mail address. The administrator can add “email” to "
                "AKIN_OIDC_SCOPES."
            )
        name, at, domain = email.partition("@")
        if not (name and at):
            return f"“{email[:100]}” is not a mail address."
        if domain.casefold() not in self.domains:
            return f"Mail addresses of the domain “{domain[:100]}” may not sign in here."
        return self._verification_refusal(email, claims.get("email_verified"), claims)

    def _verification_refusal(self, email: str, verified: object, claims: Mapping[str, Any]) -> str:
        if verified is True:
            return ""
        if isinstance(verified, str) and verified.lower() == _TRUE:
            if self.email_verified in {"text", "optional"}:
                return ""
            return (
                f"The sign-in service sent “email_verified” of {email[:100]} as text. The "
                "administrator can accept that with AKIN_OIDC_EMAIL_VERIFIED=text."
            )
        if verified is None and not claims.get(CONTRADICTED):
            if self.email_verified == "optional":
                return ""
            return (
                f"The sign-in service does not say whether {email[:100]} is verified (it sent no "
                "“email_verified”). Where it verifies all addresses itself, the administrator can "
                "accept that with AKIN_OIDC_EMAIL_VERIFIED=optional."
            )
        return f"The mail address {email[:100]} is not verified at the sign-in service."

    def _group_refusal(self, claims: Mapping[str, Any], groups: frozenset[str]) -> str:
        names = " or ".join(f"“{name}”" for name in self.groups_claims)
        if self._has_too_many_groups(claims):
            return (
                f"The account has so many groups that the sign-in service left out {names}. The "
                "administrator can let it send only the groups of this application."
            )
        if self.are_groups_missing(claims):
            return (
                f"The sign-in service sent no groups (claim {names}). The administrator can check "
                "AKIN_OIDC_SCOPES and AKIN_OIDC_GROUPS_CLAIM."
            )
        if not groups:
            return "The account is in no group."
        shown = ", ".join(sorted(groups)[:_MOST_SHOWN])[:500]
        return f"The account is in none of the groups that may sign in. Its groups are: {shown}."

    def _has_too_many_groups(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the groups are elsewhere (OpenID Connect Core 5.6.2, Entra ID)."""
        elsewhere = claims.get("_claim_names")
        distributed = isinstance(elsewhere, dict) and any(
            name in elsewhere for name in self.groups_claims
        )
        return distributed or claims.get("hasgroups") in (True, _TRUE)


def editor_name(text: str) -> str:
    """Return an entry of AKIN_EDITORS: a group as `_group_name` writes it, or a mail address."""
    return text.strip().casefold() if _AT in text else _group_name(text)


def groups_in(claims: Mapping[str, Any], names: tuple[str, ...]) -> frozenset[str]:
    """Return the groups in the claims of these names, without a slash at their beginning.

    A name with dots is a path into claims within claims, such as `realm_access.roles`, unless a
    claim has exactly that name. A text is one group, and also several separated by commas.
    """
    return frozenset(
        group
        for name in names
        for value in _texts(_value_at(claims, name))
        if (group := _group_name(value))
    )


def _value_at(claims: Mapping[str, Any], name: str) -> Any:
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from value.split(",")
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))


def _group_name(text: str) -> str:
    """Return a group's name; `/artists` is `artists`, and `/studio/artists` is another group."""
    return text.strip().removeprefix("/")
