"""Where a release's charts and manifests come from: publishers, a mirror, and the bundle that is kept of them."""
