"""How somebody can be reached."""

from __future__ import annotations

from adapter.contract.tmf.model import Extensible
from adapter.contract.tmf.price import TimePeriod


class MediumCharacteristic(Extensible):
    """The address, of whatever kind the medium has one."""

    city: str | None = None
    contact_type: str | None = None
    country: str | None = None
    email_address: str | None = None
    fax_number: str | None = None
    phone_number: str | None = None
    post_code: str | None = None
    social_network_id: str | None = None
    state_or_province: str | None = None
    street1: str | None = None
    street2: str | None = None


class ContactMedium(Extensible):
    """One way to reach somebody, e.g. a telephone number or a post address."""

    medium_type: str | None = None
    preferred: bool | None = None
    characteristic: MediumCharacteristic | None = None
    valid_for: TimePeriod | None = None
