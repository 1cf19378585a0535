"""Email addresses: the one entrance where they are checked."""

from email_validator import EmailNotValidError, validate_email

from notifier.errors import UsageError


def parse_address(text: str) -> str:
    """The address in its normal form (domain in lower case); raises UsageError where it is none.

    Domains of one's own network (`localhost`, `.test`) are addresses too: the service may serve one machine.
    """
    try:
        checked = validate_email(
            text.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
            allow_smtputf8=False,
        )
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is not an email address: {error}") from None
    return checked.normalized


def address_key(address: str) -> str:
    """What two spellings of one reader's address share; servers that tell `Ann` from `ann` apart are a theory."""
    return address.casefold()
