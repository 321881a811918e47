from zoneinfo import ZoneInfo

from clinics.models import ApiClient, Clinic
from clinics.selectors import clinic_by_id
from core.api.views import ApiView


class ClinicApiView(ApiView):
    """An endpoint of the clinic that the token belongs to."""

    @property
    def clinic(self) -> Clinic:
        """The clinic of the token, or the one a person named."""
        client = self.request.user
        if isinstance(client, ApiClient):
            return client.clinic
        return clinic_by_id(self.actor.clinic_id)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the clinic's wall clock."""
        return ZoneInfo(self.clinic.time_zone)
