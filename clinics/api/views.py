from zoneinfo import ZoneInfo

from clinics.models import ApiClient, Clinic
from core.api.views import ApiView


class ClinicApiView(ApiView):
    """An endpoint of the clinic that the token belongs to."""

    @property
    def clinic(self) -> Clinic:
        """The token's clinic."""
        client = self.request.user
        assert isinstance(client, ApiClient)
        return client.clinic

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the clinic's wall clock."""
        return ZoneInfo(self.clinic.time_zone)
