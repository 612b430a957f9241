"""Layer 2: what runs in the cluster before anybody deploys to it."""
