"""CloudWatch's embedded metric format: log lines on standard output that CloudWatch Logs turns into metrics.

With ``METRICS=emf`` each worker process writes, at every whole minute and when it ends, one line for each operation that
was called in that time and one about itself. Namespace ``itemsvc``; a metric's name, its dimensions, its unit, the
statistic that it is meant for with a period of 60 s (sums are over processes and tasks), and what it counts:

===================  ==================  ============  ==========  ======================================================
metric               dimensions          unit          statistic
===================  ==================  ============  ==========  ======================================================
Requests             Service             Count         Sum         answered requests, probes of ``/health`` left out
ClientErrors         Service             Count         Sum         of these, the 4xx
ServerErrors         Service             Count         Sum         of these, the 5xx, refusals included
SlowRequests         Service             Count         Sum         of these, the ones over SLOW_REQUEST_MS
Latency              Service             Milliseconds  p50 … p99   from the request's head read to its last byte sent
Queries              Service             Count         Sum         statements sent to the database
DatabaseTime         Service             Milliseconds  p50 … p99   what a request waited for the database, if it asked it
Refusals             Service             Count         Sum         requests refused with 503 because the queue was full
QueueDepth           Service             Count         Maximum     the most requests that waited for a thread at once
DatabaseConnections  Service             Count         Sum         open connections; SampleCount is that of processes
Requests             Service, Operation  Count         Sum         as above, of one operation; probes have their own
ServerErrors         Service, Operation  Count         Sum         likewise
Latency              Service, Operation  Milliseconds  p50 … p99   likewise
===================  ==================  ============  ==========  ======================================================

``Service`` is ``OTEL_SERVICE_NAME`` (default itemsvc). ``Operation`` is the method and the route, ``GET /items/{id}``;
paths and methods that nothing serves share ``other``, so that no caller can make metrics up. ``Latency`` and
``DatabaseTime`` are distributions in buckets a quarter of an octave wide: a percentile is right within 10 %.
"""
