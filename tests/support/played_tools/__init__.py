"""Tools of the platform, played: their APIs on loopback, with what they hold in memory."""
