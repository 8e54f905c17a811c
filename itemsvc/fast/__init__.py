"""The short way for plain requests: what clients of a JSON API send all day is answered without Django's handler.

`GET` of a list (a page, a search) or of one object and `POST` of one object, as JSON and without a header or parameter
that asks for more, are answered from the URLconf's own views: their queryset, filters, serializer, paginator and
headers, by the one statement that the ORM would send. Everything else, and whatever turns out to be an error, goes the
ordinary way through Django and Django REST Framework, which stays the definition of every answer; until the statement
is sent, giving up costs nothing.

`itemsvc/fast/README.md` says what it brings and how a view takes part.
"""
