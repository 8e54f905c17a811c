"""The fast path: it answers the most frequent requests without Django's handler.

It answers `GET` of a list (a page, a search), `GET` of one object and `POST` of one object, as JSON, if no header or
parameter asks for more. It uses the queryset, filters, serializer, paginator and headers of the URLconf's own views,
and sends the one statement that the ORM would send. All other requests take DRF's path through Django and Django REST
Framework, which defines every response. Until it sends its statement, the fast path can leave a request to DRF's path.

`itemsvc/fast/README.md` says what it brings and how a view takes part.
"""
