"""The service's own URLs, and the sample's: below `sample/` where a team may have a resource of that name."""

from django.urls import path

from itemsvc import urls
from itemsvc.urls import handler400, handler403, handler404, handler500
from tests.sample import views

__all__ = ("handler400", "handler403", "handler404", "handler500", "urlpatterns")

urlpatterns = [
    *urls.urlpatterns,
    path("gadgets", views.GadgetList.as_view(), name="gadget-list"),
    path("gadgets/<uuid:pk>", views.GadgetDetail.as_view(), name="gadget-detail"),
    path("sample/customers", views.CustomerList.as_view(), name="sample-customer-list"),
    path("sample/customers/<uuid:pk>", views.CustomerDetail.as_view(), name="sample-customer-detail"),
    path("sample/orders", views.OrderList.as_view(), name="sample-order-list"),
    path("sample/orders/<uuid:pk>", views.OrderDetail.as_view(), name="sample-order-detail"),
    path("sample/receipts", views.ReceiptList.as_view(), name="sample-receipt-list"),
    path("sample/receipts/<uuid:pk>", views.ReceiptDetail.as_view(), name="sample-receipt-detail"),
    path("sample/lines", views.LineList.as_view(), name="sample-line-list"),
    path("sample/lines/<int:pk>", views.LineDetail.as_view(), name="sample-line-detail"),
    path("sample/vouchers", views.VoucherList.as_view(), name="sample-voucher-list"),
    path("sample/vouchers/<uuid:pk>", views.VoucherDetail.as_view(), name="sample-voucher-detail"),
    path("sample/comments", views.CommentList.as_view(), name="sample-comment-list"),
    path("sample/comments/<uuid:pk>", views.CommentDetail.as_view(), name="sample-comment-detail"),
    path("sample/notes", views.NoteList.as_view(), name="sample-note-list"),
    path("sample/notes/<uuid:pk>", views.NoteDetail.as_view(), name="sample-note-detail"),
]
