"""Programs that use bigpanda_provider."""
