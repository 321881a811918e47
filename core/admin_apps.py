from django.contrib.admin.apps import AdminConfig


class SuperuserAdminConfig(AdminConfig):
    """Django's admin, with our site in place of its own."""

    default_site = "core.admin_site.SuperuserSite"
