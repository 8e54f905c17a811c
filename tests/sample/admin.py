"""The sample in Django's admin."""

from django.contrib import admin

from itemsvc.resources.admin import ResourceAdmin
from tests.sample.models import Comment, Customer, Gadget, Line, Order, Voucher


@admin.register(Gadget)
class GadgetAdmin(ResourceAdmin):
    """Search by name, newest first."""

    list_display = ("name", "created_at")
    search_fields = ("name",)


admin.site.register((Comment, Customer, Line, Order, Voucher), ResourceAdmin)
