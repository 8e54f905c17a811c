"""The service's own URLs, and the sample's."""

from django.urls import path

from itemsvc import urls
from itemsvc.urls import handler400, handler403, handler404, handler500
from tests.sample import views

__all__ = ("handler400", "handler403", "handler404", "handler500", "urlpatterns")

urlpatterns = [
    *urls.urlpatterns,
    path("gadgets", views.GadgetList.as_view(), name="gadget-list"),
    path("gadgets/<uuid:pk>", views.GadgetDetail.as_view(), name="gadget-detail"),
    path("customers", views.CustomerList.as_view(), name="customer-list"),
    path("customers/<uuid:pk>", views.CustomerDetail.as_view(), name="customer-detail"),
    path("orders", views.OrderList.as_view(), name="order-list"),
    path("orders/<uuid:pk>", views.OrderDetail.as_view(), name="order-detail"),
    path("receipts", views.ReceiptList.as_view(), name="receipt-list"),
    path("receipts/<uuid:pk>", views.ReceiptDetail.as_view(), name="receipt-detail"),
    path("lines", views.LineList.as_view(), name="line-list"),
    path("lines/<int:pk>", views.LineDetail.as_view(), name="line-detail"),
    path("vouchers", views.VoucherList.as_view(), name="voucher-list"),
    path("vouchers/<uuid:pk>", views.VoucherDetail.as_view(), name="voucher-detail"),
    path("comments", views.CommentList.as_view(), name="comment-list"),
    path("comments/<uuid:pk>", views.CommentDetail.as_view(), name="comment-detail"),
]
