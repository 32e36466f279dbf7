"""What several adapters share without knowing one another."""
