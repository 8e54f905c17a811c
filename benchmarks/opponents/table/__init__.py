"""The service's own table as a Django app, for the opponents that are Django."""
