"""A resource's standard operations, each one planned once: how its request is read, its statement, its answer.

Two doors call them: the front door (`itemsvc/fast`), and ``ResourceView.dispatch`` behind the middleware. An operation
knows all that the view does, or there is none. It leaves to DRF's path each request that asks for more or that must be
refused; until it sends its statement, it has changed nothing.
"""
