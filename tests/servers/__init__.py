"""Systems that a pull can read, small and on this machine: each replays what its vendor documents."""
