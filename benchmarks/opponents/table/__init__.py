"""The service's table as a Django app, for the opponents with Django."""
