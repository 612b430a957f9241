"""Contract charts: what a release says that its charts bring, in the place of charts that are not to be had."""
