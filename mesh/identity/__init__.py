"""Who is calling: SPIFFE IDs, XFCC, Linkerd names, and the rules that turn them into an agent's name."""
