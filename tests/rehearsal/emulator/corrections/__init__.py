"""What MiniStack 1.5.33 gets wrong about the services that the deployment uses, put right by replacing its functions.

Each module corrects one thing when it is imported and says what was wrong. None knows the project. docs/rehearsal.md
lists them.
"""


def without_length(headers):
    """Headers of an answer whose body was changed."""
    return {name: value for name, value in headers.items() if name.lower() != "content-length"}


def text(body):
    """The body of an answer as text."""
    return body.decode() if isinstance(body, bytes) else body
