"""Corrects errors of MiniStack 1.5.33 in services that the deployment uses, by replacing its functions.

Each module corrects one error at its import and describes it. None depends on the project. docs/rehearsal.md lists
them.
"""


def without_length(headers):
    """The headers of a response with a changed body."""
    return {name: value for name, value in headers.items() if name.lower() != "content-length"}


def text(body):
    """The body of a response as text."""
    return body.decode() if isinstance(body, bytes) else body
