"""`make bench`: measures the service against other frameworks."""
