"""One table of options drives flags, environment variables and ConfigMap keys."""
