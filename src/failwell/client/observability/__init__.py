"""Who hears of calls: observers, log records, OpenTelemetry spans and metrics."""
